# What the third party's operator may: look after the key and the quotas, and shut regions out. No
# pseudonym can be computed with this, no key taken out, and nobody let in.
path "transit/keys/people" {
  capabilities = ["read", "delete"]
}
path "transit/keys/people/rotate" {
  capabilities = ["update"]
}
path "transit/keys/people/config" {
  capabilities = ["update"]
  allowed_parameters = {
    "min_encryption_version" = []
    "min_decryption_version" = []
    "deletion_allowed"       = []
  }
}
# He shuts a region out by himself. He enters none: whoever enters a region could enter himself, and
# compute. That takes a token of enroller.sh, and so two key holders.
path "auth/cert/certs/*" {
  capabilities = ["read", "delete", "list"]
}
# He lets key holders make a root token: each adds a share that he has not.
path "sys/generate-root-token/*" {
  capabilities = ["create", "read", "update", "delete", "sudo"]
}
path "sys/quotas/rate-limit/*" {
  capabilities = ["create", "read", "update", "delete", "list", "sudo"]
}
path "sys/quotas/config" {
  capabilities = ["read", "update", "sudo"]
}
path "sys/seal" {
  capabilities = ["update", "sudo"]
}
