#include "tests/simulation/operators.hpp"

namespace ppn::simulation {

void Operators::operate(Host& host) {
  if (!host.process) return;
  auto what = scene_.random.below(10);
  if (what < 6)
    count(host);
  else if (what < 9)
    grant(host);
  else
    revoke(host);
}

/// Any grant that ever was: dead ones must be of no use.
Id Operators::some_grant(const Host& host) {
  const auto& grants = host.shadow.grants();
  if (grants.empty()) return scene_.next_id();
  return grants[scene_.random.below(grants.size())];
}

void Operators::count(Host& host) {
  auto counter = host.process->kept<CounterActor>(CounterState::name);
  if (!counter) return;
  auto request = scene_.next_id();
  auto grant = some_grant(host);
  host.shadow.expect_count(request, grant);
  scene_.weather
      ->request(counter, caf::infinite, count_atom::value, request, grant)
      .then(
          [this, &host, request, identity = host.identity](std::uint64_t n) {
            scene_.trace.note(host.index, "counted", n);
            if (host.identity != identity) return;
            scene_.check(host, host.shadow.check_count(n, request));
          },
          [this, &host](caf::error& error) {
            scene_.trace.note(host.index, "not counted", error.code());
          });
}

void Operators::grant(Host& host) {
  auto& random = scene_.random;
  events::GrantWish wish;
  wish.subject = counter_subject;
  wish.resource = random.below(8) == 0 ? "another dial" : counter_resource;
  wish.rights = random.below(8) == 0 ? schema::Right::read
                                     : schema::Right::invoke;
  if (random.below(2) == 0) wish.rights |= schema::Right::grant;
  if (random.below(2) == 0) wish.parent = some_grant(host);
  if (random.below(3) == 0) {
    auto clock = scene_.read_clock(host);
    events::Expiry expiry;
    if (random.below(2) == 0)
      expiry.utc_ns =
          clock.utc_ns + static_cast<std::int64_t>(scene_.some_time(second));
    else
      expiry.boot = host.shadow.state().node.boot;
    expiry.since_boot_ns = clock.since_boot_ns + scene_.some_time(second);
    wish.expiry = expiry;
  }
  propose(host, wish);
}

void Operators::revoke(Host& host) {
  propose(host, actors::RevokeWish{some_grant(host), "the operator says so"});
}

void Operators::propose(Host& host, const actors::Change& change,
                        const std::function<void()>& committed) {
  if (!host.process) return;
  auto gate =
      host.process->kept<actors::OperatorGate>(actors::OperatorGateState::name);
  if (!gate) return;
  scene_.weather
      ->request(gate, caf::infinite, actors::propose_atom::value,
                std::make_shared<const actors::Change>(change))
      .then(
          [this, &host, gate, committed](const Id& proposal) {
            commit(host, gate, proposal, committed);
          },
          [this, &host](caf::error& error) {
            scene_.trace.note(host.index, "refused", error.code());
          });
}

void Operators::commit(Host& host, const actors::OperatorGate& gate,
                       const Id& proposal,
                       const std::function<void()>& committed) {
  scene_.weather
      ->request(gate, caf::infinite, actors::commit_atom::value, proposal,
                store::Principal{schema::PrincipalKind::operator_, "uid/0"})
      .then(
          [this, &host, committed,
           identity = host.identity](std::uint64_t last) {
            scene_.trace.note(host.index, "committed", last);
            if (host.identity != identity) return;
            if (last >= host.shadow.entries())
              scene_.violate(host,
                             "a commit was acknowledged that is not durable");
            committed();
          },
          [this, &host](caf::error& error) {
            scene_.trace.note(host.index, "refused", error.code());
          });
}

}  // namespace ppn::simulation
