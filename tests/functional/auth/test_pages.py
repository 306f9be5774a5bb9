"""The pages of sign-in, account, users, roles and tokens, as a browser without scripts has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from webtest import TestApp

from calibrify_core.kernel.ids import new_id
from calibrify_core.testing.client import HTTPS


@pytest.fixture
def browser(office):
    return TestApp(office.client.app, extra_environ=dict(HTTPS))


def sign_in(browser, office, name="anna", password=None, following=""):
    page = browser.get("/login", {"next": following} if following else {})
    form = page.form
    form["email"], form["password"] = name, password or office.password
    return form.submit(status="*")


def form_to(page, ending=""):
    """Returns the form of a page that goes to the page itself, or to an address that ends so."""
    target = ending or page.request.path
    return next(form for form in page.forms.values() if form.action.endswith(target))


@pytest.fixture
def signed_in(browser, office):
    assert sign_in(browser, office).status_int == 303
    return browser


def test_who_is_not_signed_in_is_led_to_sign_in_and_back(browser, office):
    asked = browser.get("/account?x=1", status=303)
    assert asked.headers["Location"] == "/login?next=%2Faccount%3Fx%3D1"
    answer = sign_in(browser, office, following="/account?x=1")
    assert answer.status_int == 303
    assert answer.headers["Location"].endswith("/account?x=1")
    cookie = next(v for v in answer.headers.getall("Set-Cookie") if v.startswith("__Host-cal"))
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert "This device" in browser.get("/account").text
    assert browser.get("/login").status_int == 303


def test_a_wrong_password_is_said_in_the_form_and_kept_out_of_it(browser, office):
    answer = sign_in(browser, office, password="not the password at all")
    assert answer.status_int == 422
    assert "The username or the password is wrong." in answer.text
    assert 'value="anna"' in answer.text
    assert "not the password" not in answer.text
    browser.get("/account", status=303)


@pytest.mark.parametrize(
    "target", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/a\r\nX: y", "x"]
)
def test_sign_in_leads_nowhere_else(browser, office, target):
    page = browser.get("/login")
    fields = {name: values[0].value for name, values in page.form.fields.items() if name}
    fields |= {"email": "anna", "password": office.password, "next": target}
    answer = browser.post("/login", fields, status=303)
    assert answer.headers["Location"] in {"/", "http://localhost/", "https://localhost/"}


def test_signing_in_changes_the_session_and_signing_out_ends_it(signed_in, office):
    first = signed_in.cookies["__Host-calibrify"]
    page = signed_in.get("/account")
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page.text)[1]
    signed_in.post("/logout", {"csrf_token": token}, status=303)
    signed_in.get("/account", status=303)
    signed_in.get("/account", headers={"Cookie": f"__Host-calibrify={first}"}, status=303)
    sign_in(signed_in, office)
    assert signed_in.cookies["__Host-calibrify"] != first


def test_a_forged_form_is_refused(signed_in, office):
    page = signed_in.get("/account/edit")
    token = form_to(page)["csrf_token"].value
    path = "/account/edit"
    signed_in.post(path, {"name": "Eve"}, status=403)
    signed_in.post(path, {"name": "Eve", "csrf_token": "0" * 64}, status=403)
    good = {"name": "Anna", "csrf_token": token}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        signed_in.post(path, good, headers=headers, status=403)
    other = TestApp(office.client.app, extra_environ=dict(HTTPS))
    sign_in(other, office)
    other.post(path, good, status=403)
    signed_in.post(path, good, headers={"Origin": "https://localhost"}, status=303)
    headers = {"X-CSRF-Token": token}
    signed_in.post(path, {"name": "Anna B."}, headers=headers, status=303)
    assert "Anna B." in signed_in.get("/account").text


def test_the_sign_in_form_itself_is_guarded(browser, office):
    good = {"email": "anna", "password": office.password}
    browser.post("/login", good, status=403)
    page = browser.get("/login")
    stranger = TestApp(office.client.app, extra_environ=dict(HTTPS))
    token = page.form["csrf_token"].value
    stranger.post("/login", {**good, "csrf_token": token}, status=403)


def test_the_own_password_is_changed(office):
    office.hire("paula", "viewer")
    browser = TestApp(office.client.app, extra_environ=dict(HTTPS))
    other = TestApp(office.client.app, extra_environ=dict(HTTPS))
    sign_in(browser, office, "paula")
    sign_in(other, office, "paula")
    form = form_to(browser.get("/account/password"))
    form["current_password"] = office.password
    form["new_password"] = "  a new one with white space "
    form["repeated_password"] = "something else entirely"
    assert "differ" in form.submit(status=422).text
    form["repeated_password"] = "  a new one with white space "
    assert form.submit().status_int == 303
    browser.get("/account", status=200)
    other.get("/account", status=303)
    fresh = TestApp(office.client.app, extra_environ=dict(HTTPS))
    assert sign_in(fresh, office, "paula", "  a new one with white space ").status_int == 303


def test_devices_are_listed_and_signed_out(office):
    office.hire("dora", "viewer")
    one, two = (TestApp(office.client.app, extra_environ=dict(HTTPS)) for _ in range(2))
    two.extra_environ["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    sign_in(one, office, "dora")
    sign_in(two, office, "dora")
    page = one.get("/account")
    assert "Firefox on Linux" in page.text
    ending = form_to(page, "/end")
    ending.submit(status=303)
    two.get("/account", status=303)
    one.get("/account", status=200)


def test_an_account_is_added_given_a_role_and_closed(signed_in, office):
    form = form_to(signed_in.get("/admin/users/new"))
    form["username"], form["name"], form["password"] = "karl", "Karl", "short"
    refused = form.submit(status=422)
    assert "at least 15 characters" in refused.text.lower()
    assert 'value="karl"' in refused.text
    form = form_to(refused)
    form["password"] = office.password
    page = form.submit().follow()
    assert "Karl" in page.text
    browser = TestApp(office.client.app, extra_environ=dict(HTTPS))
    sign_in(browser, office, "karl")
    refusal = browser.get("/admin/users", status=403).html.select_one("main").text
    assert "needs the permission “" in refusal
    assert "core.user:view" not in refusal

    giving = form_to(page, "/grants")
    giving["role"].select(text="Metrology manager")
    page = giving.submit().follow()
    assert "Whole organisation" in page.text
    row = browser.get("/admin/users?q=karl").html.select_one("tbody tr")
    assert "Metrology manager" in row.text
    assert row.select_one("td[data-label='Last sign-in'] time")
    browser.get(page.request.path + "/edit", status=403)

    editing = form_to(signed_in.get(page.request.path + "/edit"))
    late = form_to(signed_in.get(page.request.path + "/edit"))
    editing["state"] = "disabled"
    editing.submit(status=303)
    browser.get("/account", status=303)
    assert "meanwhile" in late.submit(status=422).text


def test_a_role_is_ticked_together(signed_in):
    form = form_to(signed_in.get("/admin/roles/new"))
    form["title"], form["name"] = "Auditor", "auditor"
    page = form.submit().follow()
    ticking = next(form for form in page.forms.values() if "version" in form.fields)
    for box in ticking.fields["permission"]:
        box.checked = box._value == "core.user:view"
    page = ticking.submit().follow()
    assert re.search(r'value="core.user:view" checked', page.text)
    assert not re.search(r'value="core.user:manage" checked', page.text)
    listing = signed_in.get("/admin/roles").text
    assert "Auditor" in listing
    deleting = form_to(page, "/delete")
    deleting.submit(status=303)
    signed_in.get("/admin/roles")  # takes the message away
    assert "Auditor" not in signed_in.get("/admin/roles").text


def test_a_token_is_made_shown_once_and_revoked(signed_in, office):
    form = form_to(signed_in.get("/account/tokens/new"))
    form["name"] = "Label printer"
    refused = form.submit(status=422)
    assert "at least one permission" in refused.text
    form = form_to(refused)
    for box in form.fields["scopes"]:
        box.checked = box._value == "core.user:view"
    made = form.submit(status=200)
    secret = re.search(r"cal_[\w-]{43}", made.text)[0]
    office.client.get("/api/v1/users/", headers={"Authorization": f"Bearer {secret}"}, status=200)
    page = signed_in.get("/account/tokens")
    assert "Label printer" in page.text
    assert secret not in page.text
    revoking = form_to(page, "/revoke")
    revoking.submit(status=303)
    office.client.get("/api/v1/users/", headers={"Authorization": f"Bearer {secret}"}, status=401)


def test_the_cookie_is_plain_on_this_machine_alone(office):
    plain = {"wsgi.url_scheme": "http", "HTTP_HOST": "localhost:6543", "REMOTE_ADDR": "127.0.0.1"}
    browser = TestApp(office.client.app, extra_environ=plain)
    answer = sign_in(browser, office)
    cookie = next(v for v in answer.headers.getall("Set-Cookie") if v.startswith("calibrify_s"))
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie
    far = TestApp(office.client.app, extra_environ={**plain, "HTTP_HOST": "lab.example:6543"})
    page = far.get("/login")
    assert "needs https" in page.text


POLICY = "require_if_match"


def test_policies_are_set_by_an_administrator_and_written_into_the_trail(signed_in, office):
    form = form_to(signed_in.get("/admin/policies"))
    late = form_to(signed_in.get("/admin/policies"))
    assert not form[POLICY].checked
    form[POLICY] = True
    page = form.submit(status=303).follow()
    assert "The policies are saved" in page
    assert form_to(page)[POLICY].checked
    trail = signed_in.get("/audit?object_type=organisation")
    entry = signed_in.get(trail.html.select_one("tbody a.rowlink")["href"])
    assert "Require if match: Yes" in entry
    both = late.submit(status=412)
    assert "differs" in both
    page = form_to(both, "/policies").submit(status=303).follow()
    assert not form_to(page)[POLICY].checked


@pytest.mark.parametrize(
    ("query", "some"),
    [
        ("on_from={yesterday}&on_to={tomorrow}", True),
        ("on_from={tomorrow}", False),
        ("on_to={yesterday}", False),
        ("on_from=0001-01-01&on_to=9999-12-31", True),
        ("actor_id={stranger}", False),
        ("who=ANNA", True),
        ("who=nobody@example.com", False),
    ],
)
def test_the_trail_is_read_by_day(signed_in, query, some):
    today = datetime.now(UTC).date()
    day = timedelta(days=1)
    values = {"yesterday": today - day, "tomorrow": today + day, "stranger": new_id()}
    page = signed_in.get(f"/audit?{query.format(**values)}")
    assert bool(page.html.select("tbody tr")) is some
    assert len(page.html.select(".applied .tag")) == query.count("=")


def test_the_trail_is_read_by_person_and_in_words(signed_in, office):
    form = form_to(signed_in.get("/admin/users/new"))
    form["username"], form["password"] = "wanda", office.password
    form.submit(status=303)
    page = signed_in.get("/audit?q=wanda&action=create")
    entry = signed_in.get(page.html.select_one("tbody a.rowlink")["href"])
    assert "Password changed at" in [cell.text for cell in entry.html.select("tbody th")]
    theirs = signed_in.get(entry.html.select_one("main a[href*=actor_id]")["href"])
    authors = {row.select_one("td:nth-of-type(4)").text for row in theirs.html.select("tbody tr")}
    assert {author.split()[0].lower() for author in authors} == {"anna"}
    assert theirs.html.select_one(".applied .tag").text.lower().startswith("who: anna")
    (moment,) = (row.select("td")[1].text for row in entry.html.select("main tbody tr")
                 if row.th.text == "Password changed at")  # fmt: skip
    assert re.fullmatch(r"\d+ \w{3} \d{4}, \d\d:\d\d", moment)
    nobody = signed_in.get("/audit?who=nobody@example.com")
    assert "No account has the e-mail address or username nobody@example.com." in nobody


def test_who_may_not_set_policies_sees_them_or_nothing(browser, office):
    office.hire("polly", "metrology_manager")
    sign_in(browser, office, "polly")
    page = browser.get("/admin/policies")
    assert "disabled" in page.html.select_one(f"#f-{POLICY}").attrs
    assert "Save policies" not in page
    form_to(page).submit(status=403)
    office.hire("otto", "technician")
    other = TestApp(office.client.app, extra_environ=dict(HTTPS))
    sign_in(other, office, "otto")
    other.get("/admin/policies", status=403)
