#include "actors/told.hpp"

namespace ppn::actors {

void Told::shorten(Heartbeat& beat, const NodeId& to, std::uint64_t now_ns) {
  auto& last = told_[to];
  auto is_lately = [now_ns](std::uint64_t then_ns) {
    return now_ns - then_ns < told_again_ns;
  };
  if (beat.checkpoint == last.checkpoint && is_lately(last.checkpoint_ns)) {
    beat.checkpoint.clear();
  } else {
    last.checkpoint = beat.checkpoint;
    last.checkpoint_ns = now_ns;
  }
  bool is_news = beat.roster_hash != last.roster_hash ||
                 beat.seen_at != last.seen_at ||
                 beat.preshared != last.preshared;
  if (is_news) last.times_told = 0;
  if (last.times_told >= news_told_times && is_lately(last.roster_hash_ns)) {
    beat.roster_hash.reset();
    beat.seen_at.reset();
    beat.preshared.reset();
  } else {
    last.roster_hash = beat.roster_hash;
    last.seen_at = beat.seen_at;
    last.preshared = beat.preshared;
    last.roster_hash_ns = now_ns;
    last.times_told += 1;
  }
}

void Told::keep_members(const events::Mesh& mesh) {
  std::erase_if(
      told_, [&](const auto& one) { return mesh.find(one.first) == nullptr; });
}

}  // namespace ppn::actors
