{{- range .Values.models }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .name }}-models
  namespace: {{ $.Release.Namespace }}
  labels: {{- include "bench.labels" . | nindent 4 }}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: {{ .storageClass }}
  resources:
    requests:
      storage: {{ .storage }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}
  namespace: {{ $.Release.Namespace }}
  labels: {{- include "bench.labels" . | nindent 4 }}
spec:
  selector: {{- include "bench.selector" . | nindent 4 }}
  ports:
    - {name: http, port: 8000, protocol: TCP, targetPort: http}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .name }}
  namespace: {{ $.Release.Namespace }}
  labels: {{- include "bench.labels" . | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  progressDeadlineSeconds: 1200
  revisionHistoryLimit: 3
  strategy:
    type: Recreate
  selector:
    matchLabels: {{- include "bench.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "bench.labels" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 2000
        runAsGroup: 0
        fsGroup: 0
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: vllm
          image: {{ $.Values.image }}
          command: [vllm, serve]
          args:
            - {{ .model }}
            - --port=8000
            - --max-model-len={{ .maxModelLen }}
          env:
            - {name: HOME, value: /cache}
            - {name: HF_HOME, value: /models}
            - {name: VLLM_CACHE_ROOT, value: /cache/vllm}
            - {name: XDG_CACHE_HOME, value: /cache}
          ports:
            - {name: http, containerPort: 8000, protocol: TCP}
          {{- range $probe, $failures := dict "startupProbe" 31 "livenessProbe" 3 "readinessProbe" 3 }}
          {{ $probe }}:
            httpGet: {path: /health, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: {{ $failures }}
          {{- end }}
          resources:
            requests: {cpu: {{ .cpu | quote }}, memory: {{ .memory }}}
            limits: {memory: {{ .memory }}}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: cache, mountPath: /cache}
            - {name: models, mountPath: /models}
            - {name: shm, mountPath: /dev/shm}
            - {name: tmp, mountPath: /tmp}
      volumes:
        - name: cache
          emptyDir: {}
        - name: tmp
          emptyDir: {}
        - name: shm
          emptyDir: {medium: Memory, sizeLimit: 1Gi}
        - name: models
          persistentVolumeClaim: {claimName: {{ .name }}-models}
{{- end }}
