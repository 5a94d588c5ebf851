#include <fmt/format.h>

#include "access/access.hpp"
#include "access/view.hpp"
#include "base/cursor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "comments/rows.hpp"
#include "reports/make.hpp"
#include "reports/rows.hpp"
#include "users/rows.hpp"
#include "videos/rows.hpp"

namespace video {
namespace {

namespace rights = access::rights;
using access::Identity;

class LocalReports : public Reports {
 public:
  LocalReports(store::Database& database, access::Access& access, const ReportsOptions& options)
      : database_(database), access_(access), options_(options) {}

  Reported video(const Credential& by, const ReportVideo& wanted) override {
    return insert(by, wanted, rights::reportsVideo, [&](store::Transaction& transaction, const Identity& who) {
      rows::StoredReport report;
      report.what = ReportSubject::video;
      report.video = wanted.video;
      report.about = requireVisible(transaction, by, who, wanted.video).authorId;
      return report;
    });
  }

  Reported comment(const Credential& by, const ReportComment& wanted) override {
    return insert(by, wanted, rights::reportsComment, [&](store::Transaction& transaction, const Identity& who) {
      requireVisible(transaction, by, who, wanted.video);
      const auto comment = rows::findComment(transaction, {wanted.video, wanted.comment});
      if (!comment || !access::mayViewComment(who, comment->author, comment->isHeld))
        throw Error(Fault::notFound, fmt::format("comment {}: not found", wanted.comment.text));
      rows::StoredReport report;
      report.what = ReportSubject::comment;
      report.video = wanted.video;
      report.comment = wanted.comment;
      report.about = comment->author;
      return report;
    });
  }

  Reported user(const Credential& by, const ReportUser& wanted) override {
    return insert(by, wanted, rights::reportsUser, [&](store::Transaction& transaction, const Identity&) {
      const auto user = rows::findUserId(transaction, wanted.user);
      if (!user) throw noSuchUser(wanted.user);
      rows::StoredReport report;
      report.what = ReportSubject::user;
      report.about = *user;
      return report;
    });
  }

  Page<ReceivedReport> list(const Credential& by, const ReportQuery& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::reportsList);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto about = wanted.user ? rows::findUserId(reader, *wanted.user) : std::nullopt;
      if (wanted.user && !about) throw noSuchUser(*wanted.user);
      return rows::listReports(reader, wanted, about, readerOf(who, rights::reportsListOwn));
    });
  }

  ReceivedReport show(const Credential& by, const ReportRef& wanted) override {
    const Identity who = access_.identify(by);
    access::require(who, rights::reportsShow);
    return database_.read(
        [&](store::Reader& reader) { return requireReport(reader, wanted.id, readerOf(who, rights::reportsShowOwn)); });
  }

  ReceivedReport resolve(const Credential& by, const ResolveReport& wanted) override {
    if (wanted.text) checkText("text", *wanted.text, 0, 2000, Lines::several);
    return database_.write(store::Purpose::keep, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      access::require(who, rights::reportsResolve);
      const rows::ReportReader reader = readerOf(who, rights::reportsResolveOwn);
      const ReceivedReport report = requireReport(transaction, wanted.id, reader);
      if (!rows::resolveReport(transaction, wanted, who.doer(), access_.now()))
        throw Error(Fault::conflict, fmt::format("report {}: already resolved as {}", wanted.id.text,
                                                 nameOf(report.decision.value_or(ReportDecision::dismissed))));
      if (report.video) rows::updateReported(transaction, *report.video);
      return requireReport(transaction, wanted.id, reader);
    });
  }

  Page<Report> made(const Credential& by, const ReportsMadeQuery& wanted) override {
    const Identity who = access_.identify(by);
    checkLimit(wanted.limit);
    return database_.read([&](store::Reader& reader) {
      const auto user = rows::findUserId(reader, wanted.user);
      access::requireOn(who, rights::reportsMade, user, noSuchUser(wanted.user));
      return rows::listReportsBy(reader, *user, wanted);
    });
  }

 private:
  // Stores the report that `find` makes of what the caller may see.
  template <class Find>
  Reported insert(const Credential& by, const NewReport& wanted, const access::Right& right, const Find& find) {
    const std::string text = wanted.text.value_or("");
    checkText("text", text, 0, 2000, Lines::several);
    if (wanted.contact) checkText("contact", *wanted.contact, 3, 254);
    const Identity caller = access_.identify(by);
    access::require(caller, right);
    access_.countReport(caller, wanted.address);
    return database_.write(store::Purpose::grow, [&](store::Transaction& transaction) {
      const Identity who = access_.identify(transaction, by);
      access::require(who, right);
      if (who.isUser()) rows::requireNotMuted(transaction, who.user, access_.now());
      rows::StoredReport report = find(transaction, who);
      if (!who.isUser() && !wanted.contact)
        throw Error(Fault::malformed, "contact: is missing: sign in, or give an address for replies");
      report.time = access_.now();
      report.id.text = makeUuid7(report.time);
      report.reason = wanted.reason;
      report.text = text;
      report.contact = wanted.contact;
      report.reporter = who.doer();
      if (!rows::insertReport(transaction, report)) return Reported{};
      if (!who.isUser() && who.kind != Identity::Kind::operator_) requireRoomForGuests(transaction, report);
      if (report.video) rows::updateReported(transaction, *report.video);
      return Reported{report.id};
    });
  }

  rows::StoredVideo requireVisible(store::Reader& reader, const Credential& by, const Identity& who,
                                   const VideoId& id) {
    auto video = rows::findVideo(reader, id);
    access_.requireView(reader, by, who, id, rows::viewOf(video), rows::noSuchVideo(id));
    return *std::move(video);
  }

  // Strangers, whom nobody can mute, must not fill the database.
  void requireRoomForGuests(store::Reader& reader, const rows::StoredReport& report) const {
    const auto refuse = [](std::string_view what) {
      throw Error(Fault::tooMany, fmt::format("reports: too many by guests {}; sign in to report it", what),
                  std::chrono::hours{1});
    };
    if (options_.maxOfGuestsPerSubject > 0 && rows::hasMoreByGuestsOf(reader, report, options_.maxOfGuestsPerSubject))
      refuse(fmt::format("of this {} wait for a moderator", nameOf(report.what)));
    if (options_.maxOfGuests > 0 && rows::hasMoreByGuests(reader, options_.maxOfGuests)) refuse("wait for a moderator");
  }

  // `ownRight` is needed for reports about the caller: a moderator must not learn who reported the moderator, or decide
  // on it.
  rows::ReportReader readerOf(const Identity& who, const access::Right& ownRight) const {
    return {access::may(who, ownRight) ? UserId{} : who.user,
            [this, &who](const ViewedVideo& video) { return access_.mayView(who, video); }};
  }

  static ReceivedReport requireReport(store::Reader& reader, const ReportId& id, const rows::ReportReader& by) {
    auto report = rows::findReport(reader, id, by);
    if (!report) throw Error(Fault::notFound, fmt::format("report {}: not found", id.text));
    return *std::move(report);
  }

  store::Database& database_;
  access::Access& access_;
  const ReportsOptions options_;
};

}  // namespace

std::unique_ptr<Reports> makeLocalReports(store::Database& database, access::Access& access,
                                          const ReportsOptions& options) {
  return std::make_unique<LocalReports>(database, access, options);
}

}  // namespace video
