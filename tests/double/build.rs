//! The services of the double, generated from descriptions in Rust: no protocol compiler is needed.

use tonic_build::manual::{Builder, Method, Service};

const CODEC: &str = "tonic::codec::ProstCodec";

fn method(name: &str, route: &str, input: &str, output: &str) -> tonic_build::manual::MethodBuilder {
    let message = |name: &str| format!("crate::messages::{name}");
    Method::builder()
        .name(name)
        .route_name(route)
        .input_type(message(input))
        .output_type(message(output))
        .codec_path(CODEC)
}

fn main() {
    let streams = Service::builder()
        .name("Streams")
        .package("event_store.client.streams")
        .method(method("read", "Read", "ReadReq", "ReadResp").server_streaming().build())
        .method(method("append", "Append", "AppendReq", "AppendResp").client_streaming().build())
        .build();
    let features = Service::builder()
        .name("ServerFeatures")
        .package("event_store.client.server_features")
        .method(method("get_supported_methods", "GetSupportedMethods", "Nothing", "SupportedMethods").build())
        .build();
    let gossip = Service::builder()
        .name("Gossip")
        .package("event_store.client.gossip")
        .method(method("read", "Read", "Nothing", "ClusterInfo").build())
        .build();
    Builder::new().build_client(false).compile(&[streams, features, gossip]);
}
