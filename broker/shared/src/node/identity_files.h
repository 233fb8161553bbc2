// SPDX-License-Identifier: GPL-3.0-or-later
// The four files of an identity, written all or none. Private to src/node.
#pragma once

#include <filesystem>

#include <tobari/base/result.h>
#include <tobari/net/node_link.h>

namespace tobari::node {

// Writes into a new folder beside the target and renames it into place, which the kernel does whole or not at all.
class IdentityWriter {
 public:
  // Makes the folder, so that a full or read-only disk is noticed before a join token is used up.
  // kAlreadyExists when `target` holds anything.
  [[nodiscard]] static Result<IdentityWriter> create(const std::filesystem::path& target);
  IdentityWriter(IdentityWriter&& other) noexcept;
  IdentityWriter& operator=(IdentityWriter&&) = delete;
  ~IdentityWriter();  // what was not committed is removed

  [[nodiscard]] Result<void> commit(const NodeIdentity& identity);

 private:
  IdentityWriter(std::filesystem::path target, std::filesystem::path made);
  std::filesystem::path target_, made_;
};

}  // namespace tobari::node
