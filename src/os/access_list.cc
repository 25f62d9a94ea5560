// SPDX-License-Identifier: Apache-2.0

#include "os/access_list.h"

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <bit>
#include <cstdint>

#include "os/call.h"

namespace warren::os {
namespace {

constexpr const char* kAttribute = "system.posix_acl_access";

// The value of the attribute: a header and its entries, in the order of their tags.
struct AccessList {
  posix_acl_xattr_header head{.a_version = POSIX_ACL_XATTR_VERSION};
  posix_acl_xattr_entry entries[5];
};
static_assert(sizeof(AccessList) ==
              sizeof(posix_acl_xattr_header) + 5 * sizeof(posix_acl_xattr_entry));
static_assert(std::endian::native == std::endian::little, "entries are written as they lie");

posix_acl_xattr_entry entry(int tag, unsigned permissions, std::uint32_t id = ACL_UNDEFINED_ID) {
  return {.e_tag = static_cast<std::uint16_t>(tag),
          .e_perm = static_cast<std::uint16_t>(permissions & 7U),
          .e_id = id};
}

}  // namespace

KernelResult<> admit_group(const char* path, gid_t group, unsigned permissions) {
  struct stat status {};
  if (const auto known = call([&] { return ::lstat(path, &status); }); !known) return known;
  const unsigned owning_group = status.st_mode >> 3U;
  const AccessList list{
      .entries = {entry(ACL_USER_OBJ, status.st_mode >> 6U), entry(ACL_GROUP_OBJ, owning_group),
                  entry(ACL_GROUP, permissions, group), entry(ACL_MASK, owning_group | permissions),
                  entry(ACL_OTHER, status.st_mode)}};
  return call([&] { return ::lsetxattr(path, kAttribute, &list, sizeof list, 0); });
}

}  // namespace warren::os
