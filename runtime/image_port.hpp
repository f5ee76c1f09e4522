// The port `images`: an actor on a thread of its own, since a large file takes
// its time.
#pragma once

#include "actors/interfaces.hpp"
#include "runtime/guest_host.hpp"

namespace ppn::runtime {

actors::ImagePort::behavior_type image_port(actors::ImagePort::pointer self,
                                            std::shared_ptr<GuestHost> host);

}  // namespace ppn::runtime
