#include "tests/support/event_source.hpp"

#include <string>

namespace ppn::tests {

namespace {

constexpr std::size_t live_grants_max = 300;

std::string capability_stream(std::size_t number) {
  return "capability/" + std::to_string(number);
}

}  // namespace

store::Event EventSource::next() {
  auto choice = random_.below(100);
  if (choice == 0 || !running_) return start_or_stop();
  bool full = live_.size() >= live_grants_max;
  if (!live_.empty() && (full || choice < 45)) return revoke();
  return grant();
}

store::ClockReading EventSource::next_clock() {
  auto step = random_.below(3'600'000) * 1'000'000;
  utc_ns_ += static_cast<std::int64_t>(step);
  since_boot_ns_ += step;
  return {utc_ns_, since_boot_ns_, true};
}

store::Event EventSource::start_or_stop() {
  store::Event event;
  event.stream = "node";
  event.expected_version = node_version_++;
  event.principal = {schema::PrincipalKind::node, "ppnd"};
  if (running_) {
    schema::NodeStoppedT stopped;
    stopped.boot = boot_;
    stopped.reason = schema::StopReason::requested;
    event.payload.Set(std::move(stopped));
  } else {
    schema::NodeStartedT started;
    started.boot = ++boot_;
    started.version = "0.1.0";
    event.payload.Set(std::move(started));
  }
  running_ = !running_;
  return event;
}

store::Event EventSource::grant() {
  Live grant{next_id(), random_.below(capability_versions_.size()), {}, 0};
  schema::CapabilityGrantedT granted;
  granted.grant = std::make_unique<schema::Id>(grant.id.stored());
  granted.subject = "node/" + std::to_string(random_.below(254));
  granted.resource = "vm/guest-" + std::to_string(random_.below(128));
  granted.rights = static_cast<schema::Right>(1 + random_.below(31));
  if (random_.below(3) == 0) {
    granted.expiry = std::make_unique<schema::ExpiryT>();
    granted.expiry->utc_ns = utc_ns_ + 600'000'000'000;
    granted.expiry->boot = boot_;
    granted.expiry->since_boot_ns = since_boot_ns_ + 600'000'000'000;
  }
  if (!live_.empty() && random_.below(4) == 0) {
    auto& parent = live_[random_.below(live_.size())];
    parent.children += 1;
    grant.parent = parent.id;
    granted.parent = std::make_unique<schema::Id>(parent.id.stored());
  }
  live_.push_back(grant);

  store::Event event;
  event.stream = capability_stream(grant.stream);
  event.expected_version = capability_versions_[grant.stream]++;
  event.principal = {schema::PrincipalKind::operator_, "uid/1000"};
  store::Causation request;
  request.kind = schema::CausationKind::request;
  request.request = next_id();
  event.causation = request;
  event.payload.Set(std::move(granted));
  return event;
}

store::Event EventSource::revoke() {
  auto chosen = random_.below(live_.size());
  while (live_[chosen].children > 0) chosen = (chosen + 1) % live_.size();
  auto revoked = live_[chosen];
  live_[chosen] = live_.back();
  live_.pop_back();
  for (auto& other : live_)
    if (revoked.parent && other.id == *revoked.parent) other.children -= 1;

  schema::CapabilityRevokedT event_table;
  event_table.grant = std::make_unique<schema::Id>(revoked.id.stored());
  event_table.reason = "no longer needed";
  store::Event event;
  event.stream = capability_stream(revoked.stream);
  event.expected_version = capability_versions_[revoked.stream]++;
  event.principal = {schema::PrincipalKind::actor, "operator_gate"};
  event.payload.Set(std::move(event_table));
  return event;
}

Id EventSource::next_id() {
  Id id;
  for (auto& byte : id.bytes)
    byte = static_cast<std::uint8_t>(random_.below(256));
  return id;
}

}  // namespace ppn::tests
