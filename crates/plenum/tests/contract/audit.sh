curl -fs -H "Authorization: Bearer $PP_TOKEN" \
  "https://patchpanel.example.com:8099/api/audit?limit=200&category=auth"
