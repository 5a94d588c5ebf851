#pragma once

#include <array>
#include <utility>

#include "reports/reports.hpp"

namespace video {

template <>
struct Names<ReportSubject> {
  static constexpr std::array list{std::pair{ReportSubject::video, "video"},
                                   std::pair{ReportSubject::comment, "comment"},
                                   std::pair{ReportSubject::user, "user"}};
};

template <>
struct Names<ReportReason> {
  static constexpr std::array list{std::pair{ReportReason::illegal, "illegal"},
                                   std::pair{ReportReason::harassment, "harassment"},
                                   std::pair{ReportReason::copyright, "copyright"},
                                   std::pair{ReportReason::spam, "spam"}, std::pair{ReportReason::other, "other"}};
};

template <>
struct Names<ReportState> {
  static constexpr std::array list{std::pair{ReportState::open, "open"}, std::pair{ReportState::resolved, "resolved"}};
};

template <>
struct Names<ReportDecision> {
  static constexpr std::array list{
      std::pair{ReportDecision::dismissed, "dismissed"}, std::pair{ReportDecision::removed, "removed"},
      std::pair{ReportDecision::blocked, "blocked"}, std::pair{ReportDecision::muted, "muted"}};
};

template <>
struct Fields<Report> {
  static constexpr std::string_view plural = "reports";
  static constexpr std::tuple list{
      Field{"id", &Report::id, "the report's ID, a UUIDv7"},
      Field{"what", &Report::what, "what was reported: video, comment or user"},
      Field{"video_id", &Report::video, "the reported video, or the video of the reported comment"},
      Field{"comment_id", &Report::comment, "the reported comment"},
      Field{"user_name", &Report::user, "the reported user"},
      Field{"reason", &Report::reason, "illegal, harassment, copyright, spam or other"},
      Field{"text", &Report::text, "what the reporter wrote, at most 2000 characters"},
      Field{"time", &Report::time, "when it was reported"},
      Field{"state", &Report::state, "open or resolved"},
      Field{"decision", &Report::decision, "dismissed, removed, blocked or muted"},
      Field{"decision_text", &Report::decisionText, "what the moderator wrote to the reporter"},
      Field{"decision_time", &Report::decided, "when it was resolved"},
  };
};

template <>
struct Fields<ReceivedReport> {
  static constexpr std::string_view plural = "reports";
  static constexpr std::tuple list = std::tuple_cat(
      Fields<Report>::list,
      std::tuple{
          Field{"author", &ReceivedReport::author, "the user it is about: owner of the video, author of the comment"},
          Field{"content", &ReceivedReport::content,
                "name of the video or text of the comment as it is now, if the caller may see the video"},
          Field{"reporter", &ReceivedReport::reporter, "user who reported it; none for a guest"},
          Field{"contact", &ReceivedReport::contact, "address for replies"},
          Field{"decided_by", &ReceivedReport::decidedBy, "user who resolved it; none for the operator"},
      });
};

template <>
struct Fields<NewReport> {
  static constexpr std::tuple list{
      Field{"reason", &NewReport::reason, "illegal, harassment, copyright, spam or other"},
      Field{"text", &NewReport::text, "details, at most 2000 characters, lines separated by LF"},
      Field{"contact", &NewReport::contact, "address for replies, such as an email address; required unless signed in"},
  };
};

template <>
struct Fields<ReportVideo> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"video", &ReportVideo::video, "the video"}}, Fields<NewReport>::list);
};

template <>
struct Fields<ReportComment> {
  static constexpr std::tuple list =
      std::tuple_cat(Fields<ReportVideo>::list, std::tuple{Field{"id", &ReportComment::comment, "the comment"}});
};

template <>
struct Fields<ReportUser> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"user_name", &ReportUser::user, "the user"}}, Fields<NewReport>::list);
};

template <>
struct Fields<Reported> {
  static constexpr std::tuple list{
      Field{"id", &Reported::id, "ID of the new report; none if the caller has an open report of it"},
  };
};

template <>
struct Fields<ReportRef> {
  static constexpr std::tuple list{Field{"id", &ReportRef::id, "the report"}};
};

template <>
struct Fields<ReportQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{
          Field{"state", &ReportQuery::state, "only reports in this state; default: open"},
          Field{"video", &ReportQuery::video, "only reports of this video and of its comments"},
          Field{"user", &ReportQuery::user, "only reports of this user, and of the user's videos and comments"},
      },
      Fields<ListQuery>::list);
};

template <>
struct Fields<ReportsMadeQuery> {
  static constexpr std::tuple list = std::tuple_cat(
      std::tuple{Field{"user_name", &ReportsMadeQuery::user, "the user who reported"}}, Fields<ListQuery>::list);
};

template <>
struct Fields<ResolveReport> {
  static constexpr std::tuple list{
      Field{"id", &ResolveReport::id, "the report"},
      Field{"decision", &ResolveReport::decision, "dismissed, removed, blocked or muted"},
      Field{"text", &ResolveReport::text, "message to the reporter, at most 2000 characters, lines separated by LF"},
  };
};

}  // namespace video
