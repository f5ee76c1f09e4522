// A controller that is told by many hosts what they have: its scheduler is the
// real one, and every heartbeat is signed and checked.
#pragma once

#include <vector>

#include "actors/frame_guard.hpp"
#include "actors/scheduler.hpp"
#include "tests/simulation/scene.hpp"

namespace ppn::bench {

class ToldController {
 public:
  explicit ToldController(std::size_t nodes);
  ~ToldController();
  ToldController(const ToldController&) = delete;
  ToldController& operator=(const ToldController&) = delete;

  /// A heartbeat of each, as it would come now, with a report and five guests.
  std::vector<Bytes> next_heartbeats();
  /// Takes them, in their order.
  void take(const std::vector<Bytes>& datagrams);

  /// How many hosts the scheduler knows the guests of.
  [[nodiscard]] std::size_t hosts_known() const;

 private:
  void add_member(std::size_t number);
  void introduce(std::size_t number);
  void spawn();
  void settle();
  [[nodiscard]] Bytes sealed(std::size_t from, const actors::FrameHead& head,
                             const actors::FrameBody& body) const;

  simulation::Scene scene_;
  std::shared_ptr<actors::Roster> roster_ = std::make_shared<actors::Roster>();
  std::vector<NodeId> nodes_;
  std::vector<events::IpAddress> addresses_;
  std::vector<actors::FrameGuard> guards_;
  std::unique_ptr<simulation::OpenDisk> disk_;
  actors::LedgerActor ledger_;
  actors::ClockPort clock_;
  actors::NodeActor node_;
  actors::SchedulerActor scheduler_;
  std::uint64_t rounds_ = 0;
};

}  // namespace ppn::bench
