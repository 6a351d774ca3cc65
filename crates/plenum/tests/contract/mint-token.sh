# As admin via cookie session first
TOKEN_RESP=$(curl -ksb cookies.txt \
  -X POST -H 'content-type: application/json' \
  -d '{"name":"ci-pipeline"}' \
  https://patchpanel.example.com:8099/api/api-tokens)

PP_TOKEN=$(echo "$TOKEN_RESP" | jq -r .wire)
# pp_a1b2c3d4.0123456789abcdef0123456789abcdef — store immediately
