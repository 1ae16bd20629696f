CREATE TRIGGER admin_actions_only_added BEFORE UPDATE OR DELETE ON admin_actions FOR EACH ROW EXECUTE FUNCTION refuse_change();
