# What the third party's operator may: look after the key, the regions and their quotas. No
# pseudonym can be computed with this, and no key taken out.
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
path "auth/cert/certs/*" {
  capabilities = ["create", "read", "update", "delete", "list"]
  # No other policy than a region's can be given away.
  allowed_parameters = {
    "certificate"             = []
    "allowed_common_names"    = []
    "token_policies"          = ["region"]
    "token_no_default_policy" = ["true"]
    "token_bound_cidrs"       = []
    "token_num_uses"          = []
    "token_ttl"               = []
    "token_max_ttl"           = []
  }
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
