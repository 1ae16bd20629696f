// The token service through one whole gateway: each grant with a real client of OAuth, and what must be refused.
import { afterAll, beforeAll } from "vitest";
import { describeCommand } from "./token-service/command.ts";
import { describeEndpoint } from "./token-service/endpoint.ts";
import { describeExchange } from "./token-service/exchange.ts";
import { describeRefresh } from "./token-service/refresh.ts";
import { describeSaml } from "./token-service/saml.ts";
import { describeScopes } from "./token-service/scopes.ts";
import { describeServiceAccounts } from "./token-service/service-accounts.ts";
import { createTokenService } from "./token-service/set-up.ts";
import { describeUnderFire } from "./token-service/under-fire.ts";

const service = createTokenService();
beforeAll(() => service.start());
afterAll(() => service.stop());

describeExchange(service);
describeRefresh(service);
describeServiceAccounts(service);
describeCommand(service);
describeEndpoint(service);
describeSaml(service);
describeScopes(service);
describeUnderFire(service);
