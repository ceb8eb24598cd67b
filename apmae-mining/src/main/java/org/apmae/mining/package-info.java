/** From Java sources to completion scenarios: corpora, the miner, sampling and de-duplication. */
package org.apmae.mining;
