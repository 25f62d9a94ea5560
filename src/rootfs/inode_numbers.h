// SPDX-License-Identifier: Apache-2.0
//
// btrfs counts the inodes of every subvolume from the same number, and overlayfs shows those of
// image and layer as numbers of one device. Programs such as find(1) take a directory that has the
// number of one above it for a loop. So an image is a subvolume whose directories have its first
// numbers, and a layer has nothing at these that can be seen. The root has the number of `upper`.

#pragma once

namespace warren::rootfs {

// How many directories an image may show below its root. Those that a mount covers do not count.
inline constexpr int kImageDirectories = 15;

}  // namespace warren::rootfs
