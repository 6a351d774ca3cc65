-- Actions and services by the names that the documents beside use; they do nothing.
core.register_action("hello", { "http-req" }, function() end, 0)
core.register_action("greet", { "http-req" }, function() end, 2)
core.register_action("tail", { "http-res" }, function() end, 0)
core.register_action("tcp_look", { "tcp-req" }, function() end, 0)
core.register_service("tcp_serve", "tcp", function() end)
