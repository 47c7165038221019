# What a region may: re-key edge digests, and nothing else. It can neither read nor rotate the key,
# nor ask whether a pseudonym belongs to a digest (transit/verify).
path "transit/hmac/people/sha2-256" {
  capabilities       = ["update"]
  required_parameters = ["batch_input"]
  allowed_parameters = {
    "batch_input" = []
    "key_version" = []
  }
}
