"""Who a caller is: `tokens` signs and verifies access tokens, `keys` keeps the keys that they are signed with, `oidc`
verifies those of another issuer, `passwords` hashes, `tickets` are what browsers and links for a new password hold."""
