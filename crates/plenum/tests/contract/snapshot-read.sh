curl -fs -H "Authorization: Bearer $PP_TOKEN" \
  https://patchpanel.example.com:8099/api/snapshots/2026-05-17T12-34-56Z-abc1234
