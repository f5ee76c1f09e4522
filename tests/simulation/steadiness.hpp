// Since when each host, and each way from one to another, is as it is now. What
// the rules of packets are held against.
#pragma once

#include "tests/simulation/tunnels.hpp"

namespace ppn::simulation {

class Steadiness {
 public:
  Steadiness(const Scene& scene, const Tunnels& tunnels)
      : scene_(scene), tunnels_(tunnels) {}

  /// To be called often: what changed between two looks is dated to the second.
  void look();

  /// For so long nothing kept the host from acting at once, and it has the same
  /// roster and is at the same place; 0 if that is not so.
  [[nodiscard]] std::uint64_t of(const Host& host) const;
  /// For so long what one sends to the other arrives, and the other way round.
  [[nodiscard]] std::uint64_t between(const Host& a, const Host& b) const;
  /// When a link or a host failed last.
  [[nodiscard]] std::uint64_t failed_ns() const { return failed_ns_; }

  /// A host that both reached for so long, as they reached it, and that passes
  /// on what is for others; null if there is none. Neither was disturbed.
  [[nodiscard]] const Host* relay_of(const Host& a, const Host& b,
                                     std::uint64_t for_ns) const;

 private:
  struct Standing {
    bool is_fit = false;
    std::uint64_t identity = 0;
    Hash roster;
    std::optional<int> router;
    events::IpAddress outside;

    bool operator==(const Standing&) const = default;
  };
  struct Way {
    bool is_heard = false;
    bool is_open = false;
    std::uint64_t since_ns = 0;
  };

  [[nodiscard]] Standing standing_of(const Host& host) const;
  void look_at(const Host& host);
  void look_at(const Host& from, const Host& to);
  [[nodiscard]] std::uint64_t until_now(std::uint64_t since_ns) const;
  [[nodiscard]] const Way& way(const Host& from, const Host& to) const;

  const Scene& scene_;
  const Tunnels& tunnels_;
  std::map<int, std::pair<Standing, std::uint64_t>> hosts_;
  std::map<std::pair<int, int>, Way> ways_;
  std::uint64_t failed_ns_ = 0;
};

}  // namespace ppn::simulation
