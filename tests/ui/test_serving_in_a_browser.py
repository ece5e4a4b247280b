"""What a browser makes of the page: it loads, asks no other host, and obeys the policy."""

from playwright.async_api import Page, expect

from tests.ui.accessibility import violations
from tests.ui.serving import Served


async def test_the_page_loads_its_own_files_and_no_others(page: Page, served: Served) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = await page.goto(served.at("settings"))
    assert answer
    assert (answer.status, page.url) == (200, served.at("settings"))
    await expect(page.get_by_role("main")).to_be_visible()
    assert any(url.endswith("/main.js") for url in asked)
    assert all(url.startswith((f"{served.address}/", "data:")) for url in asked)


async def test_scripts_of_a_text_do_not_run(
    page: Page, served: Served, complaints: list[str]
) -> None:
    await page.goto(served.at("settings?text=x"))
    refused = await page.evaluate(
        """async () => {
            const tried = [
                () => { document.body.innerHTML = "<b>x</b>"; },
                () => { trustedTypes.createPolicy("any", {}); },
                () => { document.createElement("script").text = "window.ran = true"; },
            ];
            return tried.map((attempt) => {
                try {
                    attempt();
                } catch (error) {
                    return error instanceof TypeError;
                }
            }).filter(Boolean).length;
        }"""
    )
    assert refused == 3
    assert complaints
    complaints.clear()


async def test_a_style_in_the_page_is_refused(
    page: Page, served: Served, complaints: list[str]
) -> None:
    await page.goto(served.at("settings"))
    color = await page.evaluate(
        """() => {
            document.body.setAttribute("style", "color: rgb(1, 2, 3)");
            return getComputedStyle(document.body).color;
        }"""
    )
    assert color != "rgb(1, 2, 3)"
    assert any("style-src" in complaint for complaint in complaints)
    complaints.clear()


async def test_axe_works_under_the_policy_and_finds_what_is_wrong(
    page: Page, served: Served
) -> None:
    await page.goto(served.at("settings"))
    await page.evaluate(
        """() => {
            const button = document.createElement("button");
            button.id = "nameless";
            document.body.append(button);
        }"""
    )
    assert "button-name: #nameless" in await violations(page)
