import pytest
from criteo_login import CriteoLogin
from criteo_sandbox import CriteoSandbox


@pytest.fixture(scope="session")
def running_sandbox():
    """One for each run; with pytest-xdist, one for each worker."""
    sandbox = CriteoSandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(running_sandbox):
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def criteo(sandbox):
    return CriteoLogin(
        client_id=sandbox.env["CRITEO_CLIENT_ID"],
        client_secret=sandbox.env["CRITEO_CLIENT_SECRET"],
        redirect_uri="http://localhost:8000/callback",
        api_url=sandbox.env["CRITEO_API_URL"],
        authorization_url=sandbox.env["CRITEO_AUTHORIZATION_URL"],
    )
