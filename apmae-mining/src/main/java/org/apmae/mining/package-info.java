/** From Java sources to completion scenarios and prompts. */
package org.apmae.mining;
