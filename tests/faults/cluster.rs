//! Several nodes: the leader changes, followers lag, nodes go.

use dossier::ports::{EventStore, Expected};
use dossier_double::{Call, Double, Fault};

use crate::talk::{Talk, after, event, mark, marked, numbers, quick, soon, stream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_leader_is_found_though_only_the_old_one_was_named() {
    let nodes = Double::cluster(3);
    let talk = Talk::to(&nodes[0]).await;
    talk.append(1, 0, 0).await;
    for (number, leader) in (1..).zip([1, 2, 0, 1]) {
        nodes[leader].lead();
        talk.append(1, number, number).await;
        assert_eq!(talk.whole(1).await.len() as u64, number + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cluster_is_used_while_nodes_go_and_come() {
    let nodes = Double::cluster(3);
    let talk = Talk::with(&nodes[0].connection_to_all(), quick()).await;
    talk.append(1, 0, 0).await;
    for (number, gone) in (1..).zip([0, 1, 2]) {
        nodes[(gone + 1) % 3].lead();
        nodes[gone].down();
        talk.append(1, number, number).await;
        assert_eq!(numbers(&talk.all().await), (0..=number).collect::<Vec<_>>());
        nodes[gone].up();
    }
}

/// A follower that lags would answer less than was acknowledged; it is not asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lagging_follower_is_not_believed() {
    let nodes = Double::cluster(2);
    let [talk, other] = [Talk::to(&nodes[1]).await, Talk::to(&nodes[0]).await];
    nodes[0].followers_lag();
    for number in 0..20 {
        soon(other.store.append(&stream(number.into()), Expected::NoStream, vec![marked(number, [number.into()])]))
            .await
            .unwrap();
        assert!(soon(talk.store.find(mark(number.into()))).await.unwrap().is_some());
        assert_eq!(numbers(&talk.whole(number.into()).await), [number]);
    }
    assert_eq!(nodes.iter().map(Double::careless_calls).sum::<u64>(), 0);
}

/// The node that is said to lead can't be reached: the client would be dead for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_gone_does_not_end_it() {
    let nodes = Double::cluster(2);
    let talk = Talk::to(&nodes[0]).await;
    talk.append(1, 0, 0).await;
    nodes[1].down();
    nodes[1].lead();
    let append = tokio::spawn({
        let store = talk.store.clone();
        async move { store.append(&stream(1), after(1), vec![event(1)]).await }
    });
    // It is told to go there at least once.
    let before = nodes[0].calls();
    while nodes[0].calls() < before + 2 {
        tokio::task::yield_now().await;
    }
    nodes[0].lead();
    assert_eq!(soon(append).await.unwrap().unwrap().revision, 1);
    nodes[0].faults().next(Call::Append, Fault::NotLeader);
    talk.append(1, 2, 2).await;
    assert_eq!(numbers(&talk.whole(1).await), [0, 1, 2]);
}
