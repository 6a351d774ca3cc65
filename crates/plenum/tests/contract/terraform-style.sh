#!/usr/bin/env bash
set -euo pipefail
: "${PP_HOST:?}" "${PP_TOKEN:?}"

# 1. Snapshot-before
ROLLBACK_ID=$(curl -fs -H "Authorization: Bearer $PP_TOKEN" \
  $PP_HOST/api/snapshots | jq -r '.snapshots[0].id')

# 2. Pull
curl -fs -H "Authorization: Bearer $PP_TOKEN" \
  $PP_HOST/api/state > state.json

# 3. Patch (replace with your editor of choice)
jq '
  .haproxy.backends[] |= (
    if .id == "web-pool" then
      .servers += [{name:"web-3", address:"10.0.0.13:443", weight:100}]
    else . end
  )
' state.json > state.next.json

# 4. Push
HTTP_CODE=$(curl -s -o response.json -w '%{http_code}' \
  -X PUT -H "Authorization: Bearer $PP_TOKEN" \
  -H 'content-type: application/json' \
  -d @state.next.json \
  $PP_HOST/api/state)

if [ "$HTTP_CODE" != "200" ]; then
  echo "Apply failed (HTTP $HTTP_CODE):" >&2
  cat response.json >&2
  echo "" >&2
  echo "Rolling back to snapshot $ROLLBACK_ID..." >&2
  curl -fs -X POST -H "Authorization: Bearer $PP_TOKEN" \
    "$PP_HOST/api/snapshots/$ROLLBACK_ID/restore"
  exit 1
fi
