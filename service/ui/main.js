document.body.append("Billing backlog");
