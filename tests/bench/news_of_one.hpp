// A hub whose roster has news of one member: what ppnd computes until it knows
// what to tell its device.
#pragma once

#include "events/roster_news.hpp"

namespace ppn::bench {

class NewsOfOne {
 public:
  /// Of so many members, the hub among them.
  explicit NewsOfOne(std::size_t members);

  /// What one of them costs that got another endpoint, in processor time.
  [[nodiscard]] double news_seconds() const;
  /// The same by a comparison of all of the device; false if that is not right.
  [[nodiscard]] bool compare_all() const;

 private:
  [[nodiscard]] events::DeviceConfig desired(const events::Mesh& mesh) const;

  NodeId hub_;
  events::Mesh before_;
  events::Mesh after_;
  events::RosterNews news_;
  events::ObservedDevice seen_;
};

}  // namespace ppn::bench
