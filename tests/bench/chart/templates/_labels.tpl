{{- define "bench.selector" -}}
app.kubernetes.io/name: vllm
app.kubernetes.io/instance: {{ .name }}
{{- end }}
{{- define "bench.labels" -}}
{{ include "bench.selector" . }}
app.kubernetes.io/component: engine
app.kubernetes.io/managed-by: Helm
{{- end }}
