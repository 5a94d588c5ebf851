#pragma once

#include <array>
#include <utility>

#include "deletions/deletions.hpp"
#include "videos/fields.hpp"

namespace video {

template <>
struct Names<DeletionState> {
  static constexpr std::array list{std::pair{DeletionState::waiting, "waiting"},
                                   std::pair{DeletionState::leased, "leased"}, std::pair{DeletionState::dead, "dead"}};
};

template <>
struct Fields<Deletion> {
  static constexpr std::string_view plural = "deletions";
  static constexpr std::tuple list{
      Field{"video_id", &Deletion::video, "ID of the video"},
      Field{"state", &Deletion::state, "waiting, leased or dead"},
      Field{"due", &Deletion::due, "when it may be purged; 9999-12-31 while the video is blocked"},
      Field{"tries", &Deletion::tries, "how many tries have failed"},
      Field{"last_error", &Deletion::lastError, "why the last try failed"},
  };
};

template <>
struct Fields<DeletionQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{Field{"state", &DeletionQuery::state, "only records in this state"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<DeletionPage> {
  static constexpr std::tuple list = std::tuple_cat(
      Fields<Page<Deletion>>::list, std::tuple{
                                        Field{"due", &DeletionPage::due, "records due now"},
                                        Field{"leased", &DeletionPage::leased, "records in progress"},
                                        Field{"failed", &DeletionPage::failed, "records waiting for a retry"},
                                        Field{"dead", &DeletionPage::dead, "records given up"},
                                        Field{"cleared", &DeletionPage::purged, "videos purged in total"},
                                        Field{"failures", &DeletionPage::failures, "failed tries in total"},
                                    });
};

template <>
struct Fields<Drain> {
  static constexpr std::tuple list{
      Field{"include_not_due", &Drain::includeNotDue, "make all waiting records due first"}};
};

template <>
struct Fields<RehearseDrain> {
  static constexpr std::tuple list = std::tuple_cat(
      Fields<Drain>::list, std::tuple{
                               Field{"limit", &RehearseDrain::limit, "records on a page, 1 to 1000"},
                               Field{"cursor", &RehearseDrain::cursor, "next_cursor of the previous page"},
                           });
};

template <>
struct Fields<DeletionRef> {
  static constexpr std::tuple list{Field{"video_id", &DeletionRef::video, "ID of the video"}};
};

template <>
struct Fields<DrainStarted> {
  static constexpr std::tuple list{
      Field{"due", &DrainStarted::due, "records due"},
      Field{"leased", &DrainStarted::leased, "records in progress"},
  };
};

}  // namespace video
