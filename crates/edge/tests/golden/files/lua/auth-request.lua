-- The one action of haproxy-auth-request that documents can ask for, with the number of words that it takes.
core.register_action("auth-intercept", { "http-req" }, function() end, 6)
