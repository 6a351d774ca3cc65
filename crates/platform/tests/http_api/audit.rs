//! The audit log as it is read over HTTP.

use plenum_platform::identity::Role;
use serde_json::{Value, json};

use crate::server::Server;

async fn with_some_rows() -> (Server, String) {
    let server = Server::start().await;
    let owner = server.user(Role::Owner).await;
    let token = server.token(&owner).await;
    for n in 0..120 {
        let body = json!({ "username": "nobody", "password": format!("wrong {n}") });
        if n < 3 {
            server.post("/api/auth/login").json(&body).send().await;
        } else {
            let mut tx = server.platform.db.begin().await.unwrap();
            let entry = plenum_platform::audit::Entry::new("system", "test", "row");
            plenum_platform::audit::record(&mut tx, entry, plenum_platform::audit::Outcome::Ok).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
    (server, token)
}

#[tokio::test]
async fn the_list_is_bounded_filtered_and_newest_first() {
    let (server, token) = with_some_rows().await;
    let list = |query: &str| {
        let call = server.get(&format!("/api/audit{query}")).bearer(&token);
        async move { call.send().await.json()["entries"].as_array().unwrap().clone() }
    };
    let all = list("").await;
    assert_eq!(all.len(), 100);
    assert!(all.windows(2).all(|pair| pair[0]["id"].as_i64() > pair[1]["id"].as_i64()));
    assert_eq!(list("?limit=5").await.len(), 5);
    assert!(list("?limit=5000").await.len() >= 120);
    let failures = list("?limit=200&category=auth").await;
    assert_eq!(failures.len(), 3);
    assert!(failures.iter().all(|row| row["action"] == "login" && row["outcome"] == "fail"));
    assert_eq!(list("?actor=local:root").await.len(), 1);
    assert_eq!(list("?actor=local:root&category=auth").await, Vec::<Value>::new());
    for key in ["id", "ts", "actor", "category", "action", "target", "details", "outcome"] {
        assert!(all[0].get(key).is_some(), "{key}");
    }
    for bad in ["0", "-1", "abc", "1e3", "99999999999999999999", "", "1%00"] {
        let reply = server.get(&format!("/api/audit?limit={bad}")).bearer(&token).send().await;
        reply.expect(400, "validation.outOfRange");
    }
}

#[tokio::test]
async fn the_chain_can_be_checked_and_taken_away() {
    let (server, token) = with_some_rows().await;
    let found = server.get("/api/audit/verify").bearer(&token).send().await.json();
    assert_eq!((&found["ok"], &found["broken"]), (&json!(true), &Value::Null));

    let export = server.get("/api/audit/export").bearer(&token).send().await;
    assert_eq!(export.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<Value> = export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len() as u64, found["rows"].as_u64().unwrap());
    assert_eq!(rows.last().unwrap()["hash"], found["head"]);
}
