// Who may come in while a newcomer shows a code: few at a time, nobody too
// often, and no source for more than its share of the guesses. Knows no CAF.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "events/ip.hpp"

namespace ppn::actors {

/// At the same time, of all and of one source.
inline constexpr std::size_t door_connections_max = 8;
inline constexpr std::size_t door_connections_of_one = 2;
/// A member lets newcomers pass for so long at most.
inline constexpr std::uint32_t door_seconds_max = 600;
/// Who is only passed on costs less.
inline constexpr std::size_t door_passed_on_max = 64;
/// One source may come so many times at once, and then once in the interval.
inline constexpr std::uint64_t door_burst = 10;
inline constexpr std::uint64_t door_interval_ns = 6'000'000'000;
/// Of the guesses that are answered for one code.
inline constexpr std::uint32_t door_guesses_of_one = 2;
/// Whoever did not prove the code by then has to go.
inline constexpr std::uint64_t door_patience_ns = 10'000'000'000;
/// So many are kept in mind as long as the session lasts.
inline constexpr std::size_t door_sources_max = 1024;

enum class DoorAnswer : std::uint8_t {
  welcome,
  /// The operator said from where alone somebody may come.
  not_from_there,
  too_often,
  full
};

class PairingDoor {
 public:
  /// A connection, by whatever number its port knows it.
  using Connection = std::uint64_t;

  /// Of no address but that one, if there is one.
  explicit PairingDoor(std::optional<events::IpAddress> only_from = {},
                       std::size_t places = door_connections_max)
      : only_from_(only_from), places_(places) {}

  /// `now_ns` is of a clock that never goes back.
  DoorAnswer enter(Connection connection, const events::IpAddress& from,
                   std::uint64_t now_ns);

  void leave(Connection connection) { inside_.erase(connection); }

  /// Whether it may have another guess answered, which is one less then for its
  /// source. Not of who is not inside.
  bool take_guess(Connection connection);

  /// It is waited for from now on as long as the ceremony takes.
  void note_proved(Connection connection);

  /// Who has to go.
  [[nodiscard]] std::vector<Connection> overdue(std::uint64_t now_ns) const;

 private:
  struct Source {
    std::uint64_t idle_from_ns = 0;
    std::uint32_t guesses = 0;
  };
  struct Guest {
    events::IpAddress source;
    std::uint64_t since_ns = 0;
    bool has_proved = false;
  };

  [[nodiscard]] std::size_t count_of(const events::IpAddress& source) const;

  std::optional<events::IpAddress> only_from_;
  std::size_t places_;
  std::map<events::IpAddress, Source> sources_;
  std::map<Connection, Guest> inside_;
};

}  // namespace ppn::actors
