#pragma once

namespace ppn::ctl {

/// Keeps memory from core files and from other processes of this user: codes
/// and the words of keys are typed here.
void hide_memory();

}  // namespace ppn::ctl
