#pragma once

#include <array>
#include <utility>

#include "exports/exports.hpp"
#include "users/fields.hpp"

namespace video {

template <>
struct Names<ExportState> {
  static constexpr std::array list{std::pair{ExportState::queued, "queued"}, std::pair{ExportState::running, "running"},
                                   std::pair{ExportState::ready, "ready"}};
};

template <>
struct Fields<Export> {
  static constexpr std::tuple list{
      Field{"id", &Export::id, "the export's id"},
      Field{"user_name", &Export::userName, "the user"},
      Field{"state", &Export::state, "queued, running or ready"},
  };
};

template <>
struct Fields<ExportRef> {
  static constexpr std::tuple list{
      Field{"user_name", &ExportRef::user, "the user"},
      Field{"id", &ExportRef::id, "the export's id"},
  };
};

}  // namespace video
