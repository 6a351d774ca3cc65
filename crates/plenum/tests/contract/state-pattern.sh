# 1. Pull the canonical state
curl -fs -H "Authorization: Bearer $PP_TOKEN" \
  https://patchpanel.example.com:8099/api/state > state.json

# 2. Patch it locally — jq, yq, jsonnet, or whatever
jq '.acls[0].values += ["newhost.example.com"]' state.json > state.next.json

# 3. Push it back — pipeline runs render → validate → swap → reload → snapshot
curl -fs -X PUT -H "Authorization: Bearer $PP_TOKEN" \
     -H 'content-type: application/json' \
     -d @state.next.json \
     https://patchpanel.example.com:8099/api/state
