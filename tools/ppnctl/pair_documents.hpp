// The documents of the ceremony, every field checked before anything uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/reflection_json.hpp"
#include "tools/ppnctl/failure.hpp"

namespace ppn::ctl {

/// A code that is to be shown.
struct PairOffer {
  std::string session;
  std::uint64_t number;
  std::string code;
  std::uint64_t seconds;
};
Result<PairOffer> read_pair_offer(const schema::Json& document);

struct PairSession {
  std::string id;
  bool is_newcomer;
  std::optional<std::uint64_t> number;
  std::string phase;
  std::uint64_t seconds_left;
  std::uint64_t guesses;
  /// The other side, once it is met.
  std::optional<std::string> node;
  std::optional<std::string> name;
  std::optional<std::string> key;
  std::optional<std::string> mesh;
  std::optional<std::string> symbols;
  /// Once it is known how it ends.
  std::optional<std::string> outcome;
  std::optional<std::string> why;
  schema::Json document;

  [[nodiscard]] bool is_met() const { return symbols && name && mesh && key; }
  [[nodiscard]] bool is_in() const { return outcome == "admitted"; }
  [[nodiscard]] bool is_over() const { return outcome.has_value(); }
};

struct PairWaiting {
  std::uint64_t number;
  std::string from;
  bool is_passed_on;
  std::uint64_t seconds_left;
};

struct Pairing {
  std::vector<PairSession> sessions;
  std::vector<PairWaiting> waiting;
  std::uint64_t door_seconds_left;
};
Result<Pairing> read_pairing(const schema::Json& document);

/// The session that was begun by an approval.
Result<std::string> read_pair_approval(const schema::Json& document);

/// For how long newcomers may come.
Result<std::uint64_t> read_pair_door(const schema::Json& document);

}  // namespace ppn::ctl
