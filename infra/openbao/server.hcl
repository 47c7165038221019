# The trusted third party's key service (docs/third-party.md). Started with:
#   bao server -config=server.hcl
# Nothing here is secret. The unseal keys and the root token exist on paper, with two people.

storage "raft" {
  path    = "/var/lib/openbao"
  node_id = "one"
  # Three nodes are better than one; then each takes its peers' heartbeat at its default pace.
  performance_multiplier = 1
}

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "0.0.0.0:8201"

  # Nobody without a certificate of a region or an operator gets as far as a request.
  tls_cert_file                      = "/etc/openbao/server.pem"
  tls_key_file                       = "/etc/openbao/server.key"
  tls_client_ca_file                 = "/etc/openbao/clients.pem"
  tls_require_and_verify_client_cert = true
  tls_min_version                    = "tls13"

  # A quota counts requests. This bounds the people in one: 57 bytes each, so 143.
  max_request_size = 8192
}

api_addr     = "https://127.0.0.1:8200"
cluster_addr = "https://127.0.0.1:8201"
ui           = false

# Each request and each answer; every value in them as a keyed hash, so no identifier in clear.
# Where no audit can be written, nothing is answered. Production wants a second device.
audit "file" "file" {
  description = "Who asked how often"
  options {
    file_path = "/var/log/openbao/audit.log"
    mode      = "0600"
  }
}
