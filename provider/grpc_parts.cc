// SPDX-License-Identifier: MPL-2.0
//
// Which parts of gRPC are in the provider: those of a server. libgrpc.a has a function of the same
// name, which registers all that gRPC can do and so brings it into the binary: channels of clients
// with their load balancers, name resolvers and proxies, and xDS with Envoy's messages. Linked
// before it, this one is taken in its place. docs/decisions/0019-half-of-grpc.md says what it is
// worth.
//
// The order is that of gRPC 1.51 (src/core/plugin_registry/grpc_plugin_registry.cc). These names
// are its own, and another release may have others: then the linker says so.

namespace grpc_core {

class CoreConfiguration {
 public:
  class Builder;
};

}  // namespace grpc_core

namespace grpc_event_engine::experimental {

void RegisterEventEngineChannelArgPreconditioning(grpc_core::CoreConfiguration::Builder* builder);

}  // namespace grpc_event_engine::experimental

namespace grpc_core {

void SecurityRegisterHandshakerFactories(CoreConfiguration::Builder* builder);
void RegisterChannelIdleFilters(CoreConfiguration::Builder* builder);
void RegisterHttpFilters(CoreConfiguration::Builder* builder);
void RegisterDeadlineFilter(CoreConfiguration::Builder* builder);
void RegisterMessageSizeFilter(CoreConfiguration::Builder* builder);
void RegisterResourceQuota(CoreConfiguration::Builder* builder);
void RegisterSecurityFilters(CoreConfiguration::Builder* builder);
void RegisterBuiltins(CoreConfiguration::Builder* builder);

void BuildCoreConfiguration(CoreConfiguration::Builder* builder) {
  grpc_event_engine::experimental::RegisterEventEngineChannelArgPreconditioning(builder);
  SecurityRegisterHandshakerFactories(builder);
  RegisterChannelIdleFilters(builder);
  RegisterHttpFilters(builder);
  RegisterDeadlineFilter(builder);
  RegisterMessageSizeFilter(builder);
  RegisterResourceQuota(builder);
  RegisterSecurityFilters(builder);
  RegisterBuiltins(builder);
}

}  // namespace grpc_core
