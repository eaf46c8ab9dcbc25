"""The public page's words in Vietnamese and English, and how a wait is told.

A wait is told in the page's HTML by `tell` and, when it is refreshed, by `tell` of web/words.js: the same templates, the same rules.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Mark = Literal["within", "over", "closed", "none"]
OPEN_PROVENANCES = frozenset({"camera", "kiosk", "import"})
"""Replayed and simulated figures are not told to the public, even if somebody hands them to this page."""

VI: dict[str, str] = {
    "lang": "vi",
    "other_lang": "en",
    "other_lang_name": "English",
    "title": "Chờ bao lâu ở bộ phận Một cửa?",
    "place": "Vĩnh Long",
    "skip": "Đến danh sách",
    "intro": "Thời gian chờ hiện tại ở các Trung tâm Phục vụ hành chính công. Mục tiêu: chờ trung bình không quá {target} phút.",
    "search": "Tìm xã, phường, ấp, tên cũ",
    "search_help": "Gõ không dấu cũng được, ví dụ: hoa hiep",
    "search_go": "Tìm",
    "clear_search": "Xoá",
    "near": "Gần tôi",
    "near_off": "Bỏ xếp theo khoảng cách",
    "near_wait": "Đang xác định vị trí…",
    "near_done": "Đã xếp theo khoảng cách đường chim bay từ chỗ của bạn.",
    "near_refused": "Trình duyệt không cho biết vị trí. Hãy cho phép, hoặc tìm theo tên.",
    "near_failed": "Chưa xác định được vị trí. Hãy thử lại ngoài trời, hoặc tìm theo tên.",
    "you": "Chỗ của bạn",
    "distance": "cách {far}",
    "count": "{shown} trên {total} nơi",
    "nothing": "Không tìm thấy nơi nào. Hãy thử tên xã, phường hoặc tên xã cũ.",
    "list": "Danh sách",
    "map": "Bản đồ",
    "map_note": "Mảng nền chỉ là vùng quanh các điểm, không phải ranh giới. Danh sách có đủ mọi nơi trên bản đồ.",
    "tiles": "Nền OpenStreetMap (trình duyệt sẽ tải ảnh từ máy chủ bản đồ)",
    "tiles_failed": "Không tải được nền OpenStreetMap, đã trở lại nền đơn giản.",
    "zoom_in": "Phóng to",
    "zoom_out": "Thu nhỏ",
    "legend": "Ký hiệu",
    "mark_within": "trong mức {target} phút",
    "mark_over": "lâu hơn mức {target} phút",
    "mark_closed": "đóng cửa",
    "mark_none": "không có số để báo",
    "ok": "Chờ khoảng {minutes} phút",
    "ok_short": "Chờ dưới 1 phút",
    "interval": "8 trên 10 lượt: từ {low} đến {high} phút",
    "waiting": "{waiting} người đang chờ",
    "waiting_none": "không có ai đang chờ",
    "too_few": "Chưa đủ số liệu",
    "stale": "Số liệu đã cũ, chưa có số mới",
    "blind": "Camera tạm thời không đếm được",
    "closed": "Đang đóng cửa",
    "unknown": "chưa có số liệu",
    "age": "cập nhật {ago} trước",
    "seconds": "{n} giây",
    "minutes": "{n} phút",
    "hours": "{n} giờ",
    "fastest": "Nhanh nhất cho bạn lúc này",
    "fastest_reason": "{further} phút xa hơn, chờ ít hơn {less} phút so với nơi gần nhất",
    "fastest_nearest": "nơi gần nhất; đi nơi khác chưa chắc nhanh hơn",
    "fastest_total": "Khoảng {total} phút: {travel} phút đi đường, {wait} phút chờ.",
    "fastest_interval": "8 trên 10 lượt: từ {low} đến {high} phút.",
    "fastest_unknown": "Chưa đủ số liệu chờ ở gần bạn để so sánh.",
    "fastest_note": "Thời gian đi ước theo đường chim bay nhân 1,4 và 30 km/giờ. Gợi ý được rải đều để không dồn người về một nơi.",
    "offline": "Đang ngoại tuyến: đây là số liệu lúc {at}.",
    "last_known": "lần cuối: {headline}",
    "open_data": "Dữ liệu mở",
    "lost": "Mất kết nối: chưa lấy được số mới, đang thử lại.",
    "level_province": "cấp tỉnh",
    "level_district": "cấp huyện",
    "level_commune": "cấp xã",
    "wait": "Thời gian chờ",
    "address": "Địa chỉ",
    "address_unknown": "chưa rõ địa chỉ",
    "unconfirmed": "địa chỉ chưa được tỉnh xác nhận",
    "phone": "Điện thoại",
    "phone_unknown": "chưa có số điện thoại",
    "hours_label": "Giờ làm việc",
    "hours_unknown": "chưa rõ giờ làm việc",
    "replaces": "Thay cho",
    "directions": "Chỉ đường",
    "directions_app": "ứng dụng bản đồ",
    "approximate": "điểm trên bản đồ chỉ gần đúng, chưa chỉ đường được",
    "on_map": "Xem trên bản đồ",
    "details": "Xem chi tiết",
    "back": "Tất cả các nơi",
    "definition": "Con số này nghĩa là gì?",
    "as_of": "Số liệu lúc {at} (giờ Việt Nam).",
    "privacy": "Vị trí của bạn ở lại trong máy của bạn. Trang này không dùng cookie, không theo dõi ai. "
    "Không hình ảnh nào rời khỏi nơi phục vụ, không nhận dạng khuôn mặt.",
    "unconfirmed_all": "Địa chỉ và vị trí lấy từ GIS hạ tầng của tỉnh qua một bản sao công khai không ghi giấy phép dữ liệu; "
    "tỉnh chưa xác nhận.",
    "confirmed_all": "Địa chỉ và vị trí: GIS hạ tầng của tỉnh Vĩnh Long, đã được tỉnh xác nhận.",
    "made_with": "Mã nguồn motcua: Apache-2.0.",
    "procedures": "Tìm theo thủ tục",
    "procedures_title": "Thủ tục hành chính",
    "procedures_intro": "Chọn thủ tục để xem nơi nào tiếp nhận.",
    "procedures_none": "Tỉnh chưa cung cấp danh mục thủ tục, nên chưa biết nơi nào tiếp nhận thủ tục nào. Xin gọi điện hỏi trước.",
    "procedures_nothing": "Không tìm thấy thủ tục nào. Hãy thử ít từ hơn.",
    "procedures_search": "Tên hoặc mã thủ tục",
    "procedures_count": "{shown} trên {total} thủ tục",
    "procedures_more": "Chỉ hiện {shown} thủ tục đầu; gõ thêm từ để thu hẹp.",
    "procedure_chosen": "Chỉ những nơi tiếp nhận: {name}",
    "procedure_off": "Bỏ chọn thủ tục",
    "procedure_where": "{n} nơi tiếp nhận",
    "procedure_where_unknown": "chưa rõ nơi tiếp nhận",
    "procedure_gone": "Không có thủ tục mang mã này.",
    "what_to_bring": "Cần mang gì",
    "open_label": "Đang mở cửa?",
    "open_now": "Đang mở cửa",
    "open_until": "Đang mở cửa, đến {when}",
    "closed_now": "Đang nghỉ",
    "closed_until": "Đang nghỉ, mở lại {when}",
    "holiday": "{state} ({name})",
    "day_1": "thứ Hai",
    "day_2": "thứ Ba",
    "day_3": "thứ Tư",
    "day_4": "thứ Năm",
    "day_5": "thứ Sáu",
    "day_6": "thứ Bảy",
    "day_7": "Chủ nhật",
    "day_time": "{time} {day}",
    "day_closed": "nghỉ",
    "days": "{first} đến {last}",
    "satisfaction": "Mức độ hài lòng",
    "satisfaction_told": "{share} % hài lòng, quý {quarter}/{year} ({n} lượt trả lời; khoảng tin cậy 95 %: từ {low} đến {high} %)",
    "satisfaction_unknown": "chưa biết, quý {quarter}/{year}",
    "satisfaction_note": "Công bố theo quý đã kết thúc, chỉ khi có ít nhất 3 công chức đứng sau và không ai có quá nửa số lượt.",
    "week": "Giờ nào thường vắng?",
    "week_best": "Thường chờ ít nhất: {times}.",
    "week_best_one": "{day} lúc {hour} giờ (khoảng {minutes} phút)",
    "week_unknown": "Chưa đủ số liệu của những tuần qua.",
    "week_note": "Trung bình số phút chờ của người đến trong giờ ấy, {weeks} tuần qua. Ô trống: chưa đủ {k} lượt.",
    "week_hour": "{hour} giờ",
    "hour_head": "Giờ",
    "lanes": "Làn riêng",
    "lane_priority": "Ưu tiên (người cao tuổi, khuyết tật, mang thai)",
    "lane_appointment": "Hẹn trước",
    "lane_yes": "có",
    "lane_no": "không có",
    "lane_unknown": "chưa rõ",
    "appointment_link": "Đặt hẹn",
    "wheelchair": "Xe lăn",
    "wheelchair_yes": "vào được bằng xe lăn",
    "wheelchair_no": "xe lăn chưa vào được",
    "wheelchair_unknown": "chưa rõ xe lăn có vào được không",
    "history": "Cơ cấu năm 2021",
    "history_title": "Bộ phận Một cửa năm 2021 (lịch sử)",
    "history_intro": "Trước ngày 1 tháng 7 năm 2025 tỉnh Vĩnh Long cũ có ba cấp: {province} cấp tỉnh, {district} cấp huyện, {commune} cấp xã. "
    "Trang này chỉ để tra nơi cũ nay thuộc nơi nào; các điểm chỉ gần đúng nên không chỉ đường.",
    "history_now": "nay",
    "history_unknown": "chưa rõ nay thuộc nơi nào",
    "report": "Báo thông tin sai",
    "report_intro": "Thông tin nào của nơi này chưa đúng? Xin đừng ghi họ tên, số điện thoại hay chuyện riêng của ai.",
    "report_field": "Sai ở đâu",
    "report_message": "Đúng ra là thế nào (tối đa 500 chữ)",
    "report_send": "Gửi",
    "report_kept": "Đã nhận. Cảm ơn bạn; cán bộ phụ trách sẽ xem.",
    "report_known": "Điều này đã có người báo, hoặc hôm nay đã nhận quá nhiều. Cảm ơn bạn.",
    "report_invalid": "Chưa gửi được: hãy chọn chỗ sai và viết từ 3 đến 500 chữ.",
    "report_limited": "Bạn đã gửi nhiều lần liên tiếp. Xin thử lại sau một giờ.",
    "report_address": "địa chỉ",
    "report_place": "vị trí trên bản đồ",
    "report_phone": "số điện thoại",
    "report_hours": "giờ làm việc",
    "report_access": "lối vào, làn riêng",
    "report_procedures": "thủ tục tiếp nhận",
    "report_wait": "thời gian chờ",
    "report_other": "điều khác",
    "unreachable_title": "Tạm thời chưa có danh sách",
    "unreachable": "Máy chủ chưa đọc được danh sách các nơi. Xin thử lại sau ít phút.",
    "missing_title": "Không có nơi này",
    "missing": "Không có nơi nào mang địa chỉ này. Có thể nơi ấy đã đổi tên hoặc sáp nhập.",
}

EN: dict[str, str] = {
    "lang": "en",
    "other_lang": "vi",
    "other_lang_name": "Tiếng Việt",
    "title": "How long is the wait at the one-stop office?",
    "place": "Vĩnh Long",
    "skip": "Go to the list",
    "intro": "The wait right now at the public service centres. Target: {target} minutes or less on average.",
    "search": "Find a commune, ward, hamlet or former name",
    "search_help": "Accents may be left out, for example: hoa hiep",
    "search_go": "Find",
    "clear_search": "Clear",
    "near": "Near me",
    "near_off": "Stop sorting by distance",
    "near_wait": "Finding your place…",
    "near_done": "Sorted by distance from you, as the crow flies.",
    "near_refused": "The browser does not tell your place. Allow it, or search by name.",
    "near_failed": "Your place could not be found. Try again outdoors, or search by name.",
    "you": "Your place",
    "distance": "{far} away",
    "count": "{shown} of {total} offices",
    "nothing": "No office found. Try the commune, the ward or a former name.",
    "list": "List",
    "map": "Map",
    "map_note": "The shaded ground only surrounds the points; it is no boundary. The list holds every office of the map.",
    "tiles": "OpenStreetMap background (the browser will load pictures from the map's server)",
    "tiles_failed": "The OpenStreetMap background could not be loaded; back to the plain one.",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "legend": "Signs",
    "mark_within": "within {target} minutes",
    "mark_over": "longer than {target} minutes",
    "mark_closed": "closed",
    "mark_none": "no figure to tell",
    "ok": "About {minutes} min wait",
    "ok_short": "Less than 1 min wait",
    "interval": "8 times out of 10: {low} to {high} min",
    "waiting": "{waiting} waiting",
    "waiting_none": "nobody waiting",
    "too_few": "Not enough data yet",
    "stale": "The figure is old; no new one yet",
    "blind": "The camera cannot count right now",
    "closed": "Closed now",
    "unknown": "no data yet",
    "age": "updated {ago} ago",
    "seconds": "{n} s",
    "minutes": "{n} min",
    "hours": "{n} h",
    "fastest": "Quickest for you now",
    "fastest_reason": "{further} min further, {less} min less waiting than at the nearest one",
    "fastest_nearest": "the nearest one; another is not surely quicker",
    "fastest_total": "About {total} min: {travel} min on the way, {wait} min waiting.",
    "fastest_interval": "8 times out of 10: {low} to {high} min.",
    "fastest_unknown": "Too few waits are known near you to compare.",
    "fastest_note": "Travel is reckoned as the straight line times 1.4 at 30 km/h. Advice is spread, so that it does not move the queue to one place.",
    "offline": "You are offline: these are the figures of {at}.",
    "last_known": "last known: {headline}",
    "open_data": "Open data",
    "lost": "Connection lost: no new figures yet, trying again.",
    "level_province": "province",
    "level_district": "district",
    "level_commune": "commune level",
    "wait": "Wait",
    "address": "Address",
    "address_unknown": "address not known",
    "unconfirmed": "address not confirmed by the province",
    "phone": "Phone",
    "phone_unknown": "no phone number yet",
    "hours_label": "Opening hours",
    "hours_unknown": "opening hours not known",
    "replaces": "Replaces",
    "directions": "Directions",
    "directions_app": "map app",
    "approximate": "the point on the map is approximate, so no directions yet",
    "on_map": "Show on the map",
    "details": "Details",
    "back": "All offices",
    "definition": "What does this figure mean?",
    "as_of": "Figures of {at} (Viet Nam time).",
    "privacy": "Your place stays on your device. This page uses no cookies and follows nobody. "
    "No picture leaves the office, and no face is recognised.",
    "unconfirmed_all": "Addresses and points come from the province's infrastructure GIS through a public copy that states no data "
    "licence; the province has not confirmed them.",
    "confirmed_all": "Addresses and points: infrastructure GIS of Vĩnh Long province, confirmed by the province.",
    "made_with": "Source code of motcua: Apache-2.0.",
    "procedures": "Find by procedure",
    "procedures_title": "Administrative procedures",
    "procedures_intro": "Choose a procedure to see which offices take it.",
    "procedures_none": "The province has not given its list of procedures, so it is not known which office takes what. Please call first.",
    "procedures_nothing": "No procedure found. Try fewer words.",
    "procedures_search": "Name or code of the procedure",
    "procedures_count": "{shown} of {total} procedures",
    "procedures_more": "Only the first {shown} are shown; type more words to narrow them down.",
    "procedure_chosen": "Only offices that take: {name}",
    "procedure_off": "Any procedure",
    "procedure_where": "{n} offices take it",
    "procedure_where_unknown": "not known who takes it",
    "procedure_gone": "No procedure has this code.",
    "what_to_bring": "What to bring",
    "open_label": "Open now?",
    "open_now": "Open now",
    "open_until": "Open now, until {when}",
    "closed_now": "Not open now",
    "closed_until": "Not open now, opens {when}",
    "holiday": "{state} ({name})",
    "day_1": "Monday",
    "day_2": "Tuesday",
    "day_3": "Wednesday",
    "day_4": "Thursday",
    "day_5": "Friday",
    "day_6": "Saturday",
    "day_7": "Sunday",
    "day_time": "{time} {day}",
    "day_closed": "closed",
    "days": "{first} to {last}",
    "satisfaction": "Satisfaction",
    "satisfaction_told": "{share} % satisfied, quarter {quarter} of {year} ({n} answers; 95 % interval: {low} to {high} %)",
    "satisfaction_unknown": "unknown, quarter {quarter} of {year}",
    "satisfaction_note": "Published for quarters that have ended, and only where at least 3 officers stand behind it, none with over half of the answers.",
    "week": "When is it quiet?",
    "week_best": "Usually the shortest waits: {times}.",
    "week_best_one": "{day} at {hour}:00 (about {minutes} min)",
    "week_unknown": "Not enough figures of the past weeks yet.",
    "week_note": "Mean minutes waited by those who came in that hour, past {weeks} weeks. Empty: fewer than {k} visits.",
    "week_hour": "{hour}:00",
    "hour_head": "Hour",
    "lanes": "Lanes of their own",
    "lane_priority": "Priority (elderly, disabled, pregnant)",
    "lane_appointment": "Appointment",
    "lane_yes": "yes",
    "lane_no": "none",
    "lane_unknown": "not known",
    "appointment_link": "Make an appointment",
    "wheelchair": "Wheelchair",
    "wheelchair_yes": "wheelchair access",
    "wheelchair_no": "no wheelchair access yet",
    "wheelchair_unknown": "wheelchair access not known",
    "history": "The structure of 2021",
    "history_title": "One-stop offices of 2021 (history)",
    "history_intro": "Until 1 July 2025 the former province of Vĩnh Long had three levels: {province} provincial, {district} district, {commune} commune offices. "
    "This page only tells where a former office belongs today; its points are approximate, so it gives no directions.",
    "history_now": "today",
    "history_unknown": "not known where it belongs today",
    "report": "Report wrong data",
    "report_intro": "What is not right about this office? Please leave out names, phone numbers and private matters.",
    "report_field": "What is wrong",
    "report_message": "How it should be (500 characters at most)",
    "report_send": "Send",
    "report_kept": "Received, thank you. Staff will look at it.",
    "report_known": "This has been reported already, or too much came in today. Thank you.",
    "report_invalid": "Not sent: choose what is wrong, and write 3 to 500 characters.",
    "report_limited": "You have sent several in a row. Please try again in an hour.",
    "report_address": "address",
    "report_place": "place on the map",
    "report_phone": "phone number",
    "report_hours": "opening hours",
    "report_access": "entrance, lanes",
    "report_procedures": "procedures taken",
    "report_wait": "the wait",
    "report_other": "something else",
    "unreachable_title": "No list at the moment",
    "unreachable": "The server could not read the list of offices. Please try again in a few minutes.",
    "missing_title": "No such office",
    "missing": "No office has this address. It may have been renamed or merged.",
}

WORDS = {"vi": VI, "en": EN}


@dataclass(frozen=True, slots=True)
class Told:
    """A wait in words: the sign, the headline, what stands beside it, and the figure's age in seconds if it has one."""

    mark: Mark
    headline: str
    details: tuple[str, ...]
    age_s: float | None


def tell(wait: Mapping[str, Any], target_s: float, words: Mapping[str, str]) -> Told:
    """Put a Wait object of the API into words. Only a state of `ok` gives a figure; unknown is told as unknown, never as 0."""
    state = wait["state"]
    if wait.get("provenance") not in OPEN_PROVENANCES or state not in words:
        return Told("none", words["unknown"], (), None)
    age_s = wait.get("age_s")
    expected_s = wait.get("expected_wait_s")
    if state == "ok" and expected_s is not None:
        details = []
        if wait.get("low_s") is not None and wait.get("high_s") is not None:
            low, high = math.floor(wait["low_s"] / 60), math.ceil(wait["high_s"] / 60)
            details.append(words["interval"].format(low=low, high=high))
        headline = words["ok"].format(minutes=round_half_up(expected_s / 60)) if expected_s >= 60 else words["ok_short"]
        return Told("within" if expected_s <= target_s else "over", headline, (*details, *_people(wait, words)), age_s)
    if state == "closed":
        return Told("closed", words["closed"], (), age_s)
    people = _people(wait, words) if state == "too_few" else ()
    return Told("none", words["too_few" if state == "ok" else state], people, age_s)


def _people(wait: Mapping[str, Any], words: Mapping[str, str]) -> tuple[str, ...]:
    waiting = wait.get("waiting")
    if waiting is None:
        return ()
    return (words["waiting"].format(waiting=waiting) if waiting else words["waiting_none"],)


def tell_age(age_s: float, words: Mapping[str, str]) -> str:
    """`cập nhật 20 giây trước`: seconds in steps of five under a minute, then minutes, then hours."""
    if age_s < 60:
        ago = words["seconds"].format(n=max(5, 5 * math.floor(age_s / 5)))
    elif age_s < 3600:
        ago = words["minutes"].format(n=math.floor(age_s / 60))
    else:
        ago = words["hours"].format(n=math.floor(age_s / 3600))
    return words["age"].format(ago=ago)


def round_half_up(value: float) -> int:
    """Half minutes go up, as in the page's script; Python's own `round` would go to the even one."""
    return math.floor(value + 0.5)
