// SPDX-License-Identifier: GPL-3.0-or-later
// What is copied in the cases of the clipboard: contents of every format that carry a canary, and such as lie.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <tobari/policy/limits.h>

#include "canary.h"

namespace tobari::leak {

using Bytes = std::vector<std::byte>;

struct Content {
  Bytes windows;  // as a client's clipboard has it
  Bytes plain;    // the same as a desktop has it: UTF-8, RTF, a document, a bitmap file
};

// `size`: of the plain form, from 96; a picture has up to three bytes more.
[[nodiscard]] Content content_of(policy::Format format, const std::string& canary, std::size_t size);

// Of what a client's clipboard gives under the name of a format; nothing of it may arrive.
struct Lie {
  const char* what;
  policy::Format format;
  Bytes windows;
};
[[nodiscard]] std::vector<Lie> lies(const std::string& canary);
// A picture within text, for whom text may pass and pictures may not.
[[nodiscard]] std::vector<Lie> hidden_pictures(const std::string& canary);

// The document in "HTML Format"; empty: there is none.
[[nodiscard]] Bytes document_of(const Bytes& windows);

}  // namespace tobari::leak
