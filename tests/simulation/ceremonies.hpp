// Operators who let nodes join by a short code: some mistype it, refuse, or
// guess, and any of the two hosts may die at any message.
#pragma once

#include <set>

#include "tests/simulation/pairing_net.hpp"
#include "tests/simulation/roster_history.hpp"

namespace ppn::simulation {

events::ShortCode some_code(Random& random);

class Ceremonies {
 public:
  /// `close_lid` suspends a host for a time.
  Ceremonies(Scene& scene, const RosterHistory& history,
             std::function<void(Host&, std::uint64_t)> close_lid)
      : scene_(scene), history_(history), close_lid_(std::move(close_lid)) {}

  /// Begins one, if there is somebody to hold it.
  void hold();

  /// Once the faults are over: it must succeed, with a host that is in no mesh.
  void hold_at_rest();

  /// Nobody was admitted but who had its code typed.
  void check();

  /// By operators of authorities, right or wrong, since the beginning.
  [[nodiscard]] std::size_t codes_typed() const { return codes_typed_; }
  /// With the last of them.
  [[nodiscard]] std::uint32_t number_typed() const { return number_typed_; }

 private:
  /// How the operator of the authority types.
  enum class Typing : std::uint8_t { right, wrong_once, guesses, changes_mind };

  struct Held {
    Host* newcomer = nullptr;
    Host* authority = nullptr;
    /// By which the newcomer comes; null: the authority calls it.
    Host* relay = nullptr;
    NodeId newcomer_id;
    Id shown;
    actors::ShortCodePtr code;
    std::uint32_t number = 0;
    Typing typing{};
    int tries = 0;
    bool must_succeed = false;
    std::uint64_t until_ns = 0;
    std::uint64_t shown_ns = 0;
  };
  using HeldPtr = std::shared_ptr<Held>;

  /// What the authority makes of a code that was typed.
  struct Typed {
    Id session;
    /// The code was shown too long ago.
    bool is_late = false;
  };

  [[nodiscard]] bool may_join(const Host& host) const;
  Host* some_newcomer();
  Host* authority();
  Host* some_relay(const Host& authority);
  void begin(const HeldPtr& held);
  void show(const HeldPtr& held);
  void type(const HeldPtr& held);
  void close_some_lid(const HeldPtr& held);
  void look(const HeldPtr& held, const Typed& typed);
  void decide(const HeldPtr& held, const actors::PairingSessionStatus& session);
  void compare(const HeldPtr& held,
               const actors::PairingSessionStatus& session);
  void take_end(const HeldPtr& held,
                const actors::PairingSessionStatus& session);
  void try_again(const HeldPtr& held);

  template <class Use>
  void with_status(Host& host, Use use);

  Scene& scene_;
  const RosterHistory& history_;
  std::function<void(Host&, std::uint64_t)> close_lid_;
  /// Whose code was typed at which authority.
  std::set<std::pair<NodeId, NodeId>> typed_;
  std::size_t codes_typed_ = 0;
  std::uint32_t number_typed_ = 0;
  /// The newcomers of those that are held, by their indexes.
  std::set<int> held_;
  /// Since when nothing fails any more; 0: it still does.
  std::uint64_t rests_since_ns_ = 0;
};

}  // namespace ppn::simulation
