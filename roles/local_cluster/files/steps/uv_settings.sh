# shellcheck shell=bash
# use_pip_settings PIP: uv does not read pip's settings. What the user chose for pip, the index and
# the certificates, holds for uv too; without a choice the certificates are those of the system,
# as with pip: an authority of one's own, such as that of a proxy, is in the system's store.

use_pip_settings() {
  local pip=$1 index certificate
  index=${PIP_INDEX_URL:-$("$pip" config get global.index-url 2>/dev/null || true)}
  certificate=${PIP_CERT:-$("$pip" config get global.cert 2>/dev/null || true)}
  [[ -z $index ]] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
  # uv takes the file of this variable instead of the system's store.
  [[ -z $certificate ]] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificate}"
  export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
}
