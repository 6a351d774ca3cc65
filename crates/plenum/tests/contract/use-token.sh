curl -H "Authorization: Bearer $PP_TOKEN" \
     https://patchpanel.example.com:8099/api/state
