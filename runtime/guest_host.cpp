#include "runtime/guest_host.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "runtime/peer_linux.hpp"

namespace ppn::runtime {

using store::Error;
using store::ErrorCode;
using store::Result;

Result<GuestUser> GuestHost::user() const {
  // QEMU could read what this program may: its keys.
  if (::geteuid() != 0)
    return Error{ErrorCode::permission,
                 "guests run as a user of their own, and only root can give "
                 "them that: run ppnd as root"};
  auto user = find_user(settings_.user);
  if (!user || user->uid == 0)
    return Error{ErrorCode::not_found,
                 fmt::format("there is no user '{}' for guests to run as; "
                             "create it, or name another in [guests] user",
                             settings_.user)};
  return GuestUser{user->uid, user->gid};
}

Result<std::shared_ptr<GuestHost::Ready>> GuestHost::ready() {
  std::lock_guard lock{mutex_};
  if (ready_) return ready_;
  auto user = this->user();
  if (!user) return user.error();
  auto files =
      GuestFiles::open({settings_.guest_dir, settings_.run_dir, *user});
  if (!files) return files.error();
  auto images = ImageStore::open(settings_.guest_dir, user->gid);
  if (!images) return images.error();
  if (auto swept = (*images)->sweep(); !swept) return swept.error();
  ready_ = std::make_shared<Ready>(
      Ready{*user, std::move(*files), std::move(*images)});
  return ready_;
}

}  // namespace ppn::runtime
