#include "runtime/image_port.hpp"

#include "runtime/open_as_linux.hpp"

namespace ppn::runtime {

namespace {

/// Whoever follows is told so often while a file is read.
constexpr std::uint64_t progress_bytes = std::uint64_t{4} << 20U;

caf::result<actors::ImageKept> take(GuestHost& host,
                                    const actors::ImageFile& wish, const Id& id,
                                    const actors::ImageFollower& follower) {
  auto ready = host.ready();
  if (!ready) return actors::to_message(ready.error());
  auto file = open_as(wish.uid, wish.gid, wish.path);
  if (!file) return actors::to_message(file.error());
  std::uint64_t told = 0;
  auto added = (*ready)->images->add(file->get(), [&](std::uint64_t done,
                                                      std::uint64_t total) {
    if (done == total || done >= told + progress_bytes) {
      told = done;
      caf::anon_send(follower, actors::progress_atom::value, id, done, total);
    }
    return !host.is_ending();
  });
  if (!added) return actors::to_message(added.error());
  const auto& image = added->image;
  return actors::ImageKept{image.digest, image.size, image.format,
                           added->was_there};
}

}  // namespace

actors::ImagePort::behavior_type image_port(actors::ImagePort::pointer,
                                            std::shared_ptr<GuestHost> host) {
  return {
      [host](actors::take_atom, const actors::ImageFilePtr& wish, const Id& id,
             const actors::ImageFollower& follower) {
        return take(*host, *wish, id, follower);
      },
      [host](actors::forget_atom, const Hash& digest) {
        if (auto ready = host->ready())
          static_cast<void>((*ready)->images->remove(digest));
      },
  };
}

}  // namespace ppn::runtime
