// What the controller dispatches: for each open request the document that its
// host is shown, told again and again until the host answers. Knows no CAF.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "actors/messages.hpp"

namespace ppn::actors {

/// Told again after so long, then after twice as long each time, up to the
/// second.
inline constexpr std::uint64_t dispatch_again_ns = 2'000'000'000;
inline constexpr std::uint64_t dispatch_again_max_ns = 10'000'000'000;
/// What a host gets no answer to for so long gives its room back.
inline constexpr std::uint64_t request_lapses_after_ns = 600'000'000'000;

class Dispatcher {
 public:
  /// Follows what is recorded; begins what is new. True if something ended.
  bool follow(const events::Fleet& fleet, std::uint64_t now_ns);

  /// Requests that need a document. Each is named once, and again after
  /// note_no_document().
  std::vector<Id> without_document();
  /// `sealed`: the guest's user data, for its host alone; null: it has none.
  void take_document(const Id& request, std::shared_ptr<const Bytes> document,
                     std::shared_ptr<const Bytes> sealed);
  void note_no_document(const Id& request);
  /// All that hosts may fetch.
  [[nodiscard]] std::map<Hash, std::shared_ptr<const Bytes>> documents() const;

  struct Told {
    NodeId host;
    Dispatch dispatch;
    std::shared_ptr<const Bytes> document;
  };
  /// What is to be told now, and counts as told. What is asked of one guest is
  /// told in the order in which it was asked.
  std::vector<Told> due(std::uint64_t now_ns);

  /// What a host says of a request that it works on.
  void note_progress(const DispatchAnswer& answer);
  /// Null if it said nothing of it.
  [[nodiscard]] const DispatchAnswer* progress_of(const Id& request) const;

  /// Open for too long, since this process knows of them.
  [[nodiscard]] std::vector<Id> late(std::uint64_t now_ns) const;

 private:
  struct Open {
    NodeId host;
    Id vm;
    std::uint64_t sequence = 0;
    std::uint64_t since_ns = 0;
    std::uint64_t due_ns = 0;
    std::uint64_t again_ns = dispatch_again_ns;
    bool is_asked = false;
    std::shared_ptr<const Bytes> document = nullptr;
    std::shared_ptr<const Bytes> sealed = nullptr;
    Hash hash = {};
    Hash sealed_hash = {};
    std::optional<DispatchAnswer> progress = std::nullopt;
  };

  [[nodiscard]] std::map<Id, std::uint64_t> first_of_guests() const;

  std::map<Id, Open> open_;
};

}  // namespace ppn::actors
