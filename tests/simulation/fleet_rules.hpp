// What the ledgers of a world say of requests of its fleets, as it became
// durable: a second opinion on who may do what, on what is promised to whom,
// and on what each side makes of what the other did. Knows no actor.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/state.hpp"

namespace ppn::simulation {

/// Whether a member takes that one for the controller, which is a member too.
bool is_controller(const events::Mesh& mesh, const NodeId& node);

/// Something of a request was recorded by one of its two sides.
struct RequestStep {
  NodeId recorder;
  NodeId other;
};

class FleetRules {
 public:
  using Wrong = std::optional<std::string>;

  /// An entry that became durable, and its node's state before it. What is
  /// wrong with it; nothing if all is well.
  Wrong take(const schema::Entry& entry, const events::State& before);

  /// What is wrong with a node once all is folded that became durable at once.
  [[nodiscard]] Wrong check(const events::State& state);

  /// What is wrong with a member once all has come to rest.
  [[nodiscard]] Wrong check_at_rest(const events::State& state) const;

  /// A member that is not the controller shows a ledger of its own, which says
  /// that there is such a request. Whoever gives it that role must believe it.
  void expect_lie(const Id& request) { lies_.insert(request); }

  /// What was recorded since this was asked last.
  std::vector<RequestStep> take_steps() { return std::exchange(steps_, {}); }

 private:
  /// What a guest takes of its host and its owner.
  struct Load {
    std::uint64_t memory_mb = 0;
    std::uint64_t vcpus = 0;
  };

  struct Request {
    NodeId controller;
    std::uint64_t sequence = 0;
    NodeId host;
    Id vm;
    /// As it is to be called.
    std::string name = {};
    bool is_placement = false;
    bool is_lapsed = false;
    bool is_open = true;
    events::GuestOrder order = {};
  };

  struct Taken {
    NodeId host;
    std::uint64_t sequence = 0;
    bool is_refused = false;
  };

  /// One that a host defined.
  struct Guest {
    NodeId host;
    std::string name = {};
    /// The least that it ever was to have.
    std::uint64_t memory_mb = 0;
    bool is_deleted = false;
  };

  /// One that a controller placed, as far as it knows.
  struct Placed {
    Id request;
    NodeId host;
    std::string owner;
    Load load;
  };

  /// Of one controller.
  struct Book {
    std::map<Id, Placed> placed;
    std::map<std::string, events::Quota> quotas;
    /// Owners whose quotas were set in its term.
    std::set<std::string> decided;
    bool has_inherited = false;
  };

  struct Node {
    /// Requests that it recorded and that are not over.
    std::size_t open_requests = 0;
    /// Guests that are as its controller wants, which is not said yet.
    std::set<Id> unsettled;
    /// Something takes room that did not before.
    bool has_grown = false;
  };

  Wrong place(const NodeId& self, const schema::Entry& entry,
              const schema::GuestPlaced& placed, const events::State& before);
  Wrong order(const NodeId& self, const schema::Entry& entry,
              const schema::GuestOrdered& ordered, const events::State& before);
  Wrong begin(const Id& id, Request request);
  Wrong end(const NodeId& self, const schema::RequestEnded& ended);
  Wrong lapse(const NodeId& self, const Id& id);
  Wrong give_up(const NodeId& self, const Id& vm, const events::Mesh& mesh);
  void set_quota(const NodeId& self, const schema::QuotaSet& set);
  void begin_term(const NodeId& self);
  void inherit(const NodeId& self, const schema::FleetTaken& taken);

  Wrong take_dispatch(const NodeId& self, const schema::Entry& entry,
                      const schema::DispatchTaken& taken,
                      const events::State& before);
  Wrong define(const NodeId& self, const schema::VmDefined& defined);
  void change(const NodeId& self, const schema::VmSpecChanged& changed);

  [[nodiscard]] Wrong check_quota(const Book& book,
                                  const std::string& owner) const;
  [[nodiscard]] Wrong check_verdict(const Book& book,
                                    const schema::GuestPlaced& placed) const;
  /// What a controller has promised on a host, or the host has because of that.
  [[nodiscard]] std::uint64_t given_mb(const Book& book,
                                       const NodeId& host) const;
  [[nodiscard]] Wrong check_done(const Request& request,
                                 const events::State& before) const;

  std::map<Id, Request> requests_;
  std::map<Id, Taken> taken_;
  std::map<Id, Guest> guests_;
  /// By the guest.
  std::map<Id, Id> placements_;
  std::map<NodeId, Book> books_;
  std::map<NodeId, Node> nodes_;
  std::set<Id> lies_;
  std::vector<RequestStep> steps_;
};

}  // namespace ppn::simulation
