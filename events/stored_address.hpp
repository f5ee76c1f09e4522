// Addresses as events hold them, and back. What is stored is from outside until
// it is read here.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "events/ip.hpp"
#include "schema/mesh_generated.h"

namespace ppn::events {

inline ByteView view(const flatbuffers::Vector<std::uint8_t>* bytes) {
  return bytes == nullptr ? ByteView{} : ByteView{bytes->data(), bytes->size()};
}

inline std::vector<std::uint8_t> stored(const IpAddress& address) {
  auto bytes = address.view();
  return {bytes.begin(), bytes.end()};
}

inline std::unique_ptr<schema::IpRangeT> stored(const IpRange& range) {
  auto all = std::make_unique<schema::IpRangeT>();
  all->address = stored(range.address);
  all->length = range.length;
  return all;
}

inline std::unique_ptr<schema::EndpointT> stored(const Endpoint& endpoint) {
  auto all = std::make_unique<schema::EndpointT>();
  all->address = stored(endpoint.address);
  all->port = endpoint.port;
  return all;
}

inline flatbuffers::Offset<schema::Endpoint> build_endpoint(
    flatbuffers::FlatBufferBuilder& builder, const Endpoint& endpoint) {
  return schema::CreateEndpoint(builder, stored(endpoint).get());
}

inline auto build_endpoints(flatbuffers::FlatBufferBuilder& builder,
                            const std::vector<Endpoint>& endpoints) {
  std::vector<flatbuffers::Offset<schema::Endpoint>> built;
  built.reserve(endpoints.size());
  for (const auto& endpoint : endpoints)
    built.push_back(build_endpoint(builder, endpoint));
  return builder.CreateVector(built);
}

/// Nothing if the address is none, or the length is beyond it.
inline std::optional<IpRange> read_range(const schema::IpRange& range) {
  auto address = IpAddress::of(view(range.address()));
  if (!address || range.length() > address->bits()) return std::nullopt;
  return IpRange{*address, range.length()};
}

/// Nothing if the address is none.
inline std::optional<Endpoint> read_endpoint(const schema::Endpoint& endpoint) {
  auto address = IpAddress::of(view(endpoint.address()));
  if (!address) return std::nullopt;
  return Endpoint{*address, endpoint.port()};
}

}  // namespace ppn::events
