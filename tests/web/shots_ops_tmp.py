import os
import pytest
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("who,path", [tuple(x.split(":")) for x in os.environ["SHOTS"].split(",")])
def test_shot(portal, browser, width, language, who, path):
    page = browser(width=width, language=language)
    portal.sign_in(page, who)
    page.goto(portal.url + path)
    page.wait_for_timeout(300)
    page.screenshot(path=f"/tmp/ops/{path.strip('/').replace('/','_')}-{width}-{language}.png", full_page=True)
